import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { GenError } from "@gen/math";
import * as fc from "fast-check";
import {
  FunctionProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
} from "onnx-buf";
import { describe, expect, test } from "vitest";
import { expr } from "../src/compiler.ts";
import * as g from "../src/index.ts";
import { fromOnnx, toOnnx } from "../src/onnx.ts";
import { declared, floats, tensorProto } from "./onnx-build.ts";
import { weights } from "./onnx-values.ts";

const small = g.trace(
  ({ x }: Record<string, g.Expr>) => ({
    y: g.add(g.matmul(x, g.parameter("w", weights([3, 2]))), g.parameter("b", weights([2]))),
  }),
  { x: { shape: ["batch", 3] } },
);
const bytes = toOnnx(small);

type GraphInit = MessageInitShape<typeof GraphProtoSchema>;

/** The small model with something about it changed. */
function edited(change: (model: ReturnType<typeof fromBinary<typeof ModelProtoSchema>>) => void) {
  const model = fromBinary(ModelProtoSchema, bytes);
  change(model);
  return toBinary(ModelProtoSchema, model);
}

/** The small model with its weights in another file. */
const outside = (where: Record<string, string>) =>
  edited((m) => {
    const [w] = m.graph!.initializer;
    w.dataLocation = TensorProto_DataLocation.EXTERNAL;
    w.externalData = Object.entries(where).map(([key, value]) => ({
      $typeName: "onnx.StringStringEntryProto" as const,
      key,
      value,
    }));
    w.rawData = new Uint8Array();
  });

/** A model of the given nodes over one input `x` [batch, 3]. */
function modelOf(graph: GraphInit, opset = 17, domain?: string): Uint8Array {
  const x = toOnnx(
    g.trace(({ x }: Record<string, g.Expr>) => ({ y: g.neg(x) }), { x: { shape: ["batch", 3] } }),
  );
  const model = fromBinary(ModelProtoSchema, x);
  const base = model.graph as unknown as GraphInit;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [
        { version: BigInt(opset) },
        ...(domain === undefined ? [] : [{ domain, version: 1n }]),
      ],
      graph: { input: base.input, output: base.output, ...graph },
    }),
  );
}

function messageOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    expect(error).toBeInstanceOf(GenError);
    const { message, code } = error as GenError;
    expect(code).toMatch(/^(invalid-model|unsafe-model|unsupported-operation)$/);
    expect(message).not.toContain("\n");
    expect(message.length).toBeLessThan(2000);
    return message;
  }
  throw new Error("nothing was refused");
}

describe("a damaged or dishonest model is refused in one line", () => {
  test("every truncation", () => {
    for (let length = 0; length < bytes.length; length++) {
      messageOf(() => fromOnnx(bytes.subarray(0, length)));
    }
  });

  test("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        messageOf(() => fromOnnx(garbage));
      }),
      { numRuns: 500 },
    );
  });

  test("a model with one changed byte is read or refused, without another error", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = bytes.slice();
        damaged[at] = value;
        try {
          const model = fromOnnx(damaged);
          g.trace(model.apply, model.signature);
        } catch (error) {
          expect(error, String((error as Error).stack)).toBeInstanceOf(GenError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("more bytes than allowed", () => {
    const limit = bytes.length - 1;
    expect(messageOf(() => fromOnnx(bytes, { limit }))).toBe(
      `the ONNX model has ${bytes.length} bytes, more than the ${limit} allowed`,
    );
    expect(fromOnnx(bytes, { limit: bytes.length }).outputNames).toEqual(["y"]);
  });

  const refused: [string, RegExp, () => Uint8Array][] = [
    [
      "an older operator set",
      /operator sets 7 to 23 can be read, the model uses 6/,
      () => edited((m) => (m.opsetImport[0].version = 6n)),
    ],
    [
      "a newer operator set",
      /the model uses 99/,
      () => edited((m) => (m.opsetImport[0].version = 99n)),
    ],
    [
      "too few bytes in a tensor",
      /tensor "w" of shape \[3, 2\] takes 24 bytes, got 20/,
      () => edited((m) => (m.graph!.initializer[0].rawData = new Uint8Array(20))),
    ],
    [
      "a tensor that says it is large",
      /takes 4\d+ bytes, got 24/,
      () => edited((m) => (m.graph!.initializer[0].dims = [10n ** 12n])),
    ],
    [
      "a negative dimension of a tensor",
      /tensor "w" has the shape \[-3, 2\]; dimensions must not be negative/,
      () => edited((m) => (m.graph!.initializer[0].dims = [-3n, 2n])),
    ],
    [
      "a negative dimension of an input",
      /input "x" has dimension -3/,
      () =>
        edited((m) => {
          const type = m.graph!.input[0].type!.value;
          if (type.case === "tensorType")
            type.value.shape!.dim[1].value = { case: "dimValue", value: -3n };
        }),
    ],
    [
      "elements of an unknown type",
      /tensor "w" has elements of type STRING/,
      () => edited((m) => (m.graph!.initializer[0].dataType = 8)),
    ],
    ["no outputs", /no outputs/, () => edited((m) => (m.graph!.output = []))],
    [
      "a missing value",
      /node "y" uses "gone", which the ONNX graph does not define/,
      () => edited((m) => (m.graph!.node[0].input[0] = "gone")),
    ],
    [
      "a name defined twice",
      /defines "w" twice/,
      () => edited((m) => (m.graph!.initializer[1].name = "w")),
    ],
    [
      "a cycle",
      /cyclic: "y" depends on itself/,
      () =>
        modelOf({
          node: [
            { opType: "Add", input: ["x", "z"], output: ["y"] },
            { opType: "Neg", input: ["y"], output: ["z"] },
          ],
        }),
    ],
    [
      "a node that uses itself",
      /cyclic/,
      () => modelOf({ node: [{ opType: "Neg", input: ["y"], output: ["y"] }] }),
    ],
    [
      "control flow, all of it",
      /unsupported operations: Loop, If; what If, Loop and Scan do depends on data/,
      () =>
        modelOf({
          node: [
            { opType: "Loop", input: ["x"], output: ["a"] },
            { opType: "If", input: ["a"], output: ["b"] },
            { opType: "Loop", input: ["b"], output: ["y"] },
          ],
        }),
    ],
    [
      "a graph inside a custom operation",
      /unsupported operations: com\.microsoft\.Attention; what If/,
      () =>
        modelOf({
          node: [
            {
              opType: "Attention",
              domain: "com.microsoft",
              input: ["x"],
              output: ["y"],
              attribute: [{ name: "body", type: 5, g: {} }],
            },
          ],
        }),
    ],
    [
      "functions of its own",
      /calls functions of its own: own\.Block; inline them/,
      () =>
        edited((m) => {
          m.graph!.node[0].domain = "own";
          m.graph!.node[0].opType = "Block";
          m.functions = [create(FunctionProtoSchema, { domain: "own", name: "Block" })];
        }),
    ],
    [
      "endless names",
      /^node "N{77}\.\.\." \("D{77}\.\.\."\): .* domain "D{77}\.\.\."$/,
      () =>
        modelOf({
          node: [
            {
              name: "N".repeat(1e5),
              domain: "D".repeat(1e5),
              opType: "O".repeat(1e5),
              input: ["x"],
              output: ["y"],
            },
          ],
        }),
    ],
    [
      "weights in another file",
      /tensor "w" is kept outside the model in "weights\.bin"; pass externalData/,
      () => outside({ location: "weights.bin" }),
    ],
  ];
  for (const [what, pattern, make] of refused) {
    test(what, () => {
      expect(messageOf(() => fromOnnx(make()))).toMatch(pattern);
    });
  }

  const unfit: [string, RegExp, GraphInit, number?, string?][] = [
    [
      "an operand too few",
      /node "sum" \(Add\): operand 1 is missing/,
      { node: [{ name: "sum", opType: "Add", input: ["x"], output: ["y"] }] },
    ],
    [
      "shapes that do not fit",
      /node "y" \(MatMul\): MatMul: shapes \[2, 2\] and \[3, 1\]/,
      {
        initializer: [
          { name: "a", dataType: 1, dims: [2n, 2n], floatData: [1, 2, 3, 4] },
          { name: "b", dataType: 1, dims: [3n, 1n], floatData: [1, 2, 3] },
        ],
        node: [{ opType: "MatMul", input: ["a", "b"], output: ["y"] }],
      },
    ],
    [
      "an older form of an operation that only ONNX Runtime runs",
      /node "y" \(Hardmax\): .* operator set 12 changed in 13; .*export the model at operator set 13/,
      { node: [{ opType: "Hardmax", input: ["x"], output: ["y"] }] },
      12,
    ],
    [
      "a domain without operator set",
      /node "y" \(com\.microsoft\.Gelu\): the model names no operator set for the domain "com\.microsoft"/,
      { node: [{ opType: "Gelu", domain: "com.microsoft", input: ["x"], output: ["y"] }] },
    ],
    [
      "an output of unknown shape",
      /^nothing in the model tells the shape of output "y"/,
      { node: [{ opType: "NonZero", input: ["x"], output: ["y"] }], output: [{ name: "y" }] },
    ],
    [
      "an output of a type that graphs lack",
      /^output "y" is of type UINT8, not supported/,
      {
        node: [{ opType: "DynamicQuantizeLinear", input: ["x"], output: ["y", "s", "z"] }],
      },
    ],
    [
      "an attribute whose data are elsewhere",
      /node "y" \(com\.microsoft\.Gelu\): attribute "table" keeps its data outside the model/,
      {
        node: [
          {
            opType: "Gelu",
            domain: "com.microsoft",
            input: ["x"],
            output: ["y"],
            attribute: [
              {
                name: "table",
                type: 4,
                t: {
                  dataType: 1,
                  dims: [1n],
                  dataLocation: 1,
                  externalData: [{ key: "location", value: "/etc/passwd" }],
                },
              },
            ],
          },
        ],
      },
      17,
      "com.microsoft",
    ],
    [
      "a huge range",
      /\(Range\): the range from 0 to 1000000000000 by 1 is too long/,
      {
        initializer: [0n, 10n ** 12n, 1n].map((v, i) => ({
          name: `r${i}`,
          dataType: 7,
          int64Data: [v],
        })),
        node: [{ opType: "Range", input: ["r0", "r1", "r2"], output: ["y"] }],
      },
    ],
    [
      "a huge kernel",
      /\(MaxPool\): kernel \[1000000000\] must have sides from 1 to 1024/,
      {
        node: [
          { opType: "Unsqueeze", input: ["x", "axes"], output: ["u"] },
          {
            opType: "MaxPool",
            input: ["u"],
            output: ["y"],
            attribute: [{ name: "kernel_shape", type: 7, ints: [10n ** 9n] }],
          },
        ],
        initializer: [{ name: "axes", dataType: 7, dims: [1n], int64Data: [1n] }],
      },
    ],
    [
      "a name with line breaks",
      /node "a\\nb" \(Cast\): element type 99 is not supported/,
      {
        node: [
          {
            name: "a\nb",
            opType: "Cast",
            input: ["x"],
            output: ["y"],
            attribute: [{ name: "to", type: 2, i: 99n }],
          },
        ],
      },
    ],
  ];
  for (const [what, pattern, graph, opset, domain] of unfit) {
    test(what, () => {
      const model = fromOnnx(modelOf(graph, opset, domain));
      expect(messageOf(() => g.trace(model.apply, model.signature))).toMatch(pattern);
    });
  }
});

describe("Dropout", () => {
  const bool = (name: string, value: number) => tensorProto(name, "bool", [], Uint8Array.of(value));
  const model = (inputs: string[], mode: number, rate = 0.5) =>
    modelOf({
      node: [{ opType: "Dropout", input: ["x", ...inputs], output: ["y"] }],
      initializer: [bool("mode", mode), floats("rate", [], [rate])],
      output: [declared("y", ["batch", 3])],
    });
  const apply = (bytes: Uint8Array) => {
    const x = g.input("x", { shape: [2, 3] });
    return fromOnnx(bytes).apply({ x }).y === x;
  };

  test("in training mode is refused, also with the default rate", () => {
    for (const inputs of [
      ["rate", "mode"],
      ["", "mode"],
    ]) {
      const message = messageOf(() => apply(model(inputs, 1)));
      expect(message).toMatch(/\(Dropout\): its training_mode is true: .*export the model in eval/);
    }
  });

  test("in evaluation mode, without a mode or with rate 0 is the identity", () => {
    expect(apply(model(["rate", "mode"], 0))).toBe(true);
    expect(apply(model(["", "mode"], 0))).toBe(true);
    expect(apply(model(["rate"], 0))).toBe(true);
    expect(apply(model([], 0))).toBe(true);
    expect(apply(model(["rate", "mode"], 1, 0))).toBe(true);
  });
});

test("random operations of a file are listed", () => {
  const random = ["RandomNormalLike", "RandomNormalLike", "RandomUniformLike"];
  const model = modelOf({
    node: [
      ...random.map((opType, i) => ({ opType, input: ["x"], output: [`r${i}`] })),
      { opType: "Sum", input: ["r0", "r1", "r2"], output: ["y"] },
    ],
    output: [declared("y", ["batch", 3])],
  });
  expect(fromOnnx(model).randomOperations).toEqual(["RandomNormalLike", "RandomUniformLike"]);
  expect(fromOnnx(bytes).randomOperations).toEqual([]);
});

describe("inputs that do not fit the signature are refused", () => {
  const model = fromOnnx(bytes);
  const x = (shape: g.Shape, dtype: g.DType = "float32") => ({ x: g.input("x", { shape, dtype }) });
  test.each([
    ["missing", {}, 'input "x" of the model is missing'],
    [
      "another name",
      { ...x([1, 3]), z: g.constant(1) },
      'the model has no input "z"; its inputs are "x"',
    ],
    ["another dtype", x([1, 3], "int64"), 'input "x" must be float32, got int64'],
    ["another shape", x([1, 4]), 'input "x" must have the shape [batch, 3], got [1, 4]'],
  ])("%s", (_, inputs, message) => {
    expect(messageOf(() => model.apply(inputs))).toBe(message);
  });
});

test("external data comes from the caller's function alone", () => {
  const model = outside({ location: "data/weights.bin", offset: "8", length: "24" });
  const asked: unknown[] = [];
  const read = (length: number) =>
    fromOnnx(model, {
      externalData: (...request) => {
        asked.push(request);
        return new Uint8Array(Float32Array.from({ length }, (_, i) => i).buffer);
      },
    });
  expect(Array.from(read(6).parameters[0].value.data as Float32Array)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(asked).toEqual([["data/weights.bin", 8, 24]]);
  expect(messageOf(() => read(5))).toBe('tensor "w" of shape [3, 2] takes 24 bytes, got 20');
});

test.each([
  "../weights.bin",
  "data/../../weights.bin",
  "/etc/passwd",
  "//host/weights.bin",
  "data\\..\\weights.bin",
  "C:weights.bin",
  "file:///etc/passwd",
  "",
])("external data at %s are never asked for", (location) => {
  const asked: string[] = [];
  const externalData = (at: string) => {
    asked.push(at);
    return new Uint8Array(24);
  };
  expect(messageOf(() => fromOnnx(outside({ location }), { externalData }))).toMatch(
    /^tensor "w" is kept in .*; only a relative path below the model's folder is allowed$/,
  );
  expect(asked).toEqual([]);
});

test("external data whose length is not the tensor's are not requested", () => {
  const externalData = () => {
    throw new Error("asked");
  };
  const model = outside({ location: "w", length: String(2 ** 40) });
  expect(messageOf(() => fromOnnx(model, { externalData }))).toBe(
    'tensor "w" of shape [3, 2] takes 24 bytes, got 1099511627776',
  );
});

describe("graphs that cannot be written are refused", () => {
  const x = g.input("x", { shape: ["batch", 2] });
  test("an output named as an input", () => {
    expect(() => toOnnx(g.graphOf({ x: g.neg(x) }))).toThrow(
      "output x must not have the name of an input or a parameter",
    );
  });
  test("an operator set out of range", () => {
    expect(() => toOnnx(g.graphOf({ y: x }), { opset: 12 })).toThrow(
      "opset must be a whole number in [13, 23], got 12",
    );
  });
  test("an operation that ONNX does not have", () => {
    expect(() => toOnnx(g.graphOf({ y: expr("Frobnicate" as "Neg", [x], x.shape, {}) }))).toThrow(
      "operation Frobnicate of shape [batch, 2] has no ONNX form here",
    );
  });
});
