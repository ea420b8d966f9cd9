import { fromBinary } from "@bufbuild/protobuf";
import { ArgumentError } from "@gen/math/arguments";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { runOnnx } from "../../../tooling/fixtures/run-onnx.ts";
import * as c from "../src/compiler.ts";
import { compileEvaluation, evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { foreignOperations, fromOnnx, type OnnxModel, toOnnx } from "../src/onnx.ts";
import {
  declared,
  fileOf,
  floats,
  int64s,
  type NodeInit,
  node,
  tensorProto,
} from "./onnx-build.ts";
import { distance, inputsFor, numbers } from "./onnx-values.ts";

const microsoft = { domain: "com.microsoft" };
const bytes = (count: number, seed: number) =>
  Uint8Array.from(numbers(count, seed), (v) => Math.floor((v + 1) * 128));

type File = Parameters<typeof fileOf>[0];
interface Case {
  /** A graph from `x` `[n, 8]` to `y`, unless it has inputs or outputs of its own. */
  node: NodeInit[];
  initializer?: File["initializer"];
  input?: File["input"];
  output?: File["output"];
  valueInfo?: File["valueInfo"];
  opset?: number;
  /** What the listing says. */
  missing: string;
}

const image = [declared("x", ["n", 2, 4, 6])];
const cases: Record<string, Case> = {
  "a custom domain's operation": {
    node: [node("QuickGelu", ["x"], ["y"], { ...microsoft, alpha: { float: 1.3 } })],
    missing: "com.microsoft.QuickGelu",
  },
  "between known ones, twice": {
    node: [
      node("Mul", ["x", "half"], ["a"]),
      node("BiasGelu", ["a", "bias"], ["b"], microsoft),
      node("Tanh", ["b"], ["c"]),
      node("FusedMatMul", ["c", "w"], ["d"], { ...microsoft, transB: 1, alpha: { float: 0.7 } }),
      node("BiasGelu", ["d", "bias"], ["e"], microsoft),
      node("Add", ["e", "x"], ["y"]),
    ],
    initializer: [
      floats("half", [], [0.5]),
      floats("bias", [8], numbers(8)),
      floats("w", [8, 8], numbers(64, 2)),
    ],
    missing: "com.microsoft.BiasGelu (2 nodes), com.microsoft.FusedMatMul",
  },
  "weights of 4 bits": {
    node: [
      node("MatMulNBits", ["x", "w", "scales"], ["a"], {
        ...microsoft,
        ...{ K: 8, N: 3, bits: 4, block_size: 16 },
      }),
      node("Neg", ["a"], ["y"]),
    ],
    initializer: [
      tensorProto("w", "uint8", [3, 1, 8], bytes(24, 3)),
      floats("scales", [3], [1, 2, 0.5]),
    ],
    output: [declared("y", ["n", 3])],
    missing: "Constant (elements of type UINT8), com.microsoft.MatMulNBits",
  },
  "two results, both used": {
    node: [
      node("TopK", ["x", "k"], ["v", "i"], { axis: 1 }),
      node("Cast", ["i"], ["f"], { to: 1 }),
      node("Add", ["v", "f"], ["y"]),
    ],
    initializer: [int64s("k", 3)],
    output: [declared("y", ["n", 3])],
    missing: "TopK",
  },
  "a product in 8 bits": {
    node: [
      node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
      node("MatMulInteger", ["q", "w", "zero", "wz"], ["i"]),
      node("Cast", ["i"], ["f"], { to: 1 }),
      node("Mul", ["scale", "ws"], ["s"]),
      node("Mul", ["f", "s"], ["y"]),
    ],
    initializer: [
      tensorProto("w", "int8", [8, 5], bytes(40, 4)),
      tensorProto("wz", "int8", [], new Int8Array(1)),
      floats("ws", [], [0.01]),
    ],
    output: [declared("y", ["n", 5])],
    missing: "DynamicQuantizeLinear, Constant (2 nodes: elements of type INT8), MatMulInteger",
  },
  "known operations on 8 bits": {
    node: [
      node("QuantizeLinear", ["x", "s", "z"], ["q"]),
      node("Shape", ["q"], ["shape"]),
      node("Slice", ["shape", "zero", "one"], ["rows"]),
      node("Concat", ["rows", "parts"], ["to"], { axis: 0 }),
      node("Reshape", ["q", "to"], ["r"]),
      node("Transpose", ["r"], ["t"], { perm: [0, 2, 1] }),
      node("DequantizeLinear", ["t", "s", "z"], ["d"]),
      node("ReduceMean", ["d"], ["y"], { axes: [1], keepdims: 0 }),
    ],
    initializer: [
      floats("s", [], [0.02]),
      tensorProto("z", "uint8", [], Uint8Array.of(120)),
      int64s("zero", 0),
      int64s("one", 1),
      int64s("parts", 2, 4),
    ],
    output: [declared("y", ["n", 2])],
    missing: "Constant (elements of type UINT8), QuantizeLinear, DequantizeLinear",
  },
  "a cast to a foreign type and back": {
    node: [
      node("Mul", ["x", "ten"], ["a"]),
      node("Cast", ["a"], ["b"], { to: 3 }),
      node("Cast", ["b"], ["y"], { to: 1 }),
    ],
    initializer: [floats("ten", [], [10])],
    missing: "Cast (element type INT8 is not supported)",
  },
  "a weight of 8 bits in a convolution": {
    node: [
      node("DequantizeLinear", ["w", "s", "z"], ["weight"], { axis: 0 }),
      node("Conv", ["x", "weight"], ["y"], { pads: [1, 1, 1, 1] }),
    ],
    initializer: [
      tensorProto("w", "int8", [3, 2, 3, 3], bytes(54, 5)),
      floats("s", [3], [0.01, 0.02, 0.03]),
      tensorProto("z", "int8", [3], new Int8Array(3)),
    ],
    input: image,
    output: [declared("y", ["n", 3, 4, 6])],
    missing: "Constant (2 nodes: elements of type INT8), DequantizeLinear",
  },
  "a known operation in another form, with an absent operand": {
    node: [
      node("Resize", ["x", "", "scales"], ["a"], {
        mode: "linear",
        coordinate_transformation_mode: "half_pixel",
      }),
      node("GlobalAveragePool", ["a"], ["y"]),
    ],
    initializer: [floats("scales", [4], [1, 1, 2, 2])],
    input: image,
    output: [declared("y", ["n", 2, 1, 1])],
    missing: 'Resize (mode "linear" is not supported, only nearest)',
  },
  "a result that is only declared": {
    node: [
      node("RoiAlign", ["x", "rois", "at"], ["a"], { output_height: 2, output_width: 2 }),
      node("Relu", ["a"], ["b"]),
      node("Softmax", ["b"], ["y"], { axis: 1 }),
    ],
    initializer: [floats("rois", [2, 4], [0, 0, 3, 3, 1, 1, 5, 3]), int64s("at", 0, 0)],
    valueInfo: [declared("b", [2, 2, 2, 2])],
    input: image,
    output: [declared("y", [2, 2, 2, 2])],
    missing: "RoiAlign",
  },
  "a shape that data decide, until the output": {
    node: [
      node("NonZero", ["x"], ["at"]),
      node("Transpose", ["at"], ["rows"]),
      node("GatherND", ["x", "rows"], ["picked"]),
      node("Mul", ["picked", "picked"], ["squares"]),
      node("ReduceSum", ["squares", "axes"], ["y"], { keepdims: 0 }),
    ],
    initializer: [int64s("axes", 0)],
    output: [declared("y", [])],
    missing: "NonZero",
  },
  "the second result of a known operation": {
    node: [
      node("MaxPool", ["x"], ["a", "i"], { kernel_shape: [2, 2], strides: [2, 2] }),
      node("Cast", ["i"], ["f"], { to: 1 }),
      node("Add", ["a", "f"], ["y"]),
    ],
    input: image,
    valueInfo: [declared("a", ["n", 2, 2, 3]), declared("i", ["n", 2, 2, 3], "int64")],
    output: [declared("y", ["n", 2, 2, 3])],
    missing: 'MaxPool (its result "i" is not known here)',
  },
  "absent results": {
    node: [
      node("SkipLayerNormalization", ["x", "skip", "scale"], ["a", "", "", "sum"], microsoft),
      node("Sub", ["a", "sum"], ["y"]),
    ],
    initializer: [floats("scale", [8], numbers(8, 3))],
    input: [declared("x", ["n", 5, 8]), declared("skip", ["n", 5, 8])],
    valueInfo: [declared("sum", ["n", 5, 8])],
    output: [declared("y", ["n", 5, 8])],
    missing: "com.microsoft.SkipLayerNormalization",
  },
  "dynamic dimensions as numbers": {
    node: [
      node("Shape", ["x"], ["shape"]),
      node("RandomNormalLike", ["x"], ["noise"], { scale: { float: 1e-30 }, mean: { float: 2 } }),
      node("Gather", ["shape", "first"], ["rows"], { axis: 0 }),
      node("Cast", ["rows"], ["f"], { to: 1 }),
      node("Div", ["noise", "f"], ["y"]),
    ],
    initializer: [tensorProto("first", "int64", [], BigInt64Array.of(0n))],
    missing:
      "RandomNormalLike, Div (needs the number of the dynamic dimension n; give it a fixed size)",
  },
  "an older model's": {
    node: [node("Selu", ["x"], ["a"]), node("Celu", ["a"], ["b"]), node("Exp", ["b"], ["y"])],
    opset: 12,
    missing: "Selu, Celu",
  },
  "a newer model's": {
    node: [node("Selu", ["x"], ["a"]), node("Gelu", ["a"], ["y"])],
    opset: 20,
    missing: "Selu",
  },
};

function build({ node, initializer, input, output, valueInfo, opset }: Case) {
  return fileOf(
    {
      node,
      initializer: initializer ?? [],
      valueInfo: valueInfo ?? [],
      input: input ?? [declared("x", ["n", 8])],
      output: output ?? [declared("y", ["n", 8])],
    },
    opset,
  );
}

const traced = (model: OnnxModel, shapes: Record<string, g.Signature> = model.signature) =>
  g.trace(model.apply, { ...shapes });

describe("nodes that graphs do not know pass through to ONNX Runtime", () => {
  for (const [name, each] of Object.entries(cases)) {
    test(name, async () => {
      const file = build(each);
      const model = fromOnnx(file);
      const inputs = inputsFor(model.signature, 3);
      const expected = await runOnnx(file, inputs);
      expect(c.foreignText(foreignOperations(traced(model)))).toBe(each.missing);
      for (const shapes of [model.signature, inputs]) {
        const graph = traced(model, shapes);
        const outputs = await runOnnx(toOnnx(graph), inputs);
        expect(Object.keys(outputs)).toEqual(["y"]);
        expect(outputs.y.shape).toEqual(expected.y.shape);
        expect(distance(outputs.y.data, expected.y.data)).toBeLessThan(1e-6);
      }
    });
  }
});

const signature = { x: { shape: ["n", 8] } };
const read = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);
const importsOf = (bytes: Uint8Array) =>
  read(bytes).opsetImport.map(({ domain, version }) => `${domain || "onnx"} ${version}`);

describe("a model with foreign nodes works as any other model", () => {
  const file = build(cases["between known ones, twice"]);
  const model = fromOnnx(file);
  const around = (x: g.Expr) => {
    const scaled = g.mul(g.tanh(x), 0.3);
    const { y } = model.apply({ x: scaled });
    return g.sub(scaled, g.mul(g.sigmoid(y), g.add(y, scaled)));
  };

  test("inside other expressions, twice in a row, with the values of the parts", async () => {
    const graph = g.trace(({ x }) => ({ y: around(around(x)) }), signature);
    const inputs = inputsFor(signature, 4);
    const step = async (x: number[]) => {
      const scaled = x.map((v) => 0.3 * Math.tanh(v));
      const given = g.tensor(scaled, inputs.x.shape);
      const { data } = (await runOnnx(file, { x: given })).y;
      return scaled.map((s, i) => s - (data[i] + s) / (1 + Math.exp(-data[i])));
    };
    const expected = await step(await step(Array.from(g.tensorNumbers(inputs.x))));
    const { y } = await runOnnx(toOnnx(graph), inputs);
    expect(distance(y.data, expected)).toBeLessThan(1e-6);
  });

  test("its weights are the model's parameters, and change", async () => {
    expect(model.parameters.map((p) => p.name)).toEqual(["bias", "w"]);
    const graph = c.parametersAsInputs(traced(model));
    const { x } = inputsFor(signature, 2);
    const bias = g.tensor(numbers(8, 9));
    const w = model.parameters[1].value;
    const changed = { ...model.parameters[0], value: bias };
    const baked = c.rewrite(traced(model), (e, operands) =>
      e === model.parameters[0] ? changed : c.withInputs(e, operands),
    );
    const { y } = await runOnnx(toOnnx(graph), { x, bias, w });
    const { y: expected } = await runOnnx(toOnnx(baked), { x });
    expect(y.data).toEqual(expected.data);
  });

  test("a written model reads back the same", async () => {
    const again = fromOnnx(toOnnx(traced(model)));
    const inputs = inputsFor(signature, 2);
    const { y } = await runOnnx(toOnnx(traced(again)), inputs);
    expect(y.data).toEqual((await runOnnx(toOnnx(traced(model)), inputs)).y.data);
    expect(foreignOperations(traced(again))).toEqual([
      { name: "com.microsoft.BiasGelu", count: 2 },
      { name: "com.microsoft.FusedMatMul", count: 1 },
    ]);
  });

  test("in float16 foreign nodes keep their types", async () => {
    const inputs = inputsFor(signature, 2);
    const { y } = await runOnnx(toOnnx(traced(model), { float16: true }), inputs);
    expect(distance(y.data, (await runOnnx(file, inputs)).y.data)).toBeLessThan(5e-3);
  });

  test("evaluation names every operation that it lacks", () => {
    expect(() => compileEvaluation(traced(model))).toThrow(
      new ArgumentError(
        "evaluate: only ONNX Runtime's backends run com.microsoft.BiasGelu (2 nodes), com.microsoft.FusedMatMul from a model file",
      ),
    );
  });

  test("gradients name every foreign operation on their path, and no other", () => {
    const loss = g.sum(traced(model).outputs.y);
    const [bias, w] = model.parameters;
    expect(() => g.gradients(loss, [bias])).toThrow(
      "gradients: there is no derivative here of com.microsoft.BiasGelu (2 nodes), com.microsoft.FusedMatMul from a model file; only ONNX Runtime's backends run them",
    );
    expect(() => g.gradients(loss, [w])).toThrow(
      "of com.microsoft.BiasGelu, com.microsoft.FusedMatMul from",
    );
    const other = g.parameter("other", g.tensor([1, 2]));
    const [d] = g.gradients(g.add(loss, g.sum(g.square(other))), [other]);
    const { nodes } = c.simplify(g.graphOf({ d }));
    expect(nodes.some((e) => e.op === "Foreign")).toBe(false);
  });

  test("gradients pass operations that only select positions", () => {
    const { node, initializer } = cases["two results, both used"];
    const model = fromOnnx(
      fileOf({
        node: [...node.slice(0, 1), { ...node[1], input: ["i"], output: ["y"] }],
        initializer: initializer ?? [],
        input: [declared("x", ["n", 8])],
        output: [declared("y", ["n", 3])],
      }),
    );
    const x = g.input("x", { shape: [2, 8] });
    const loss = g.add(g.sum(model.apply({ x }).y), g.sum(g.square(x)));
    expect(g.gradients(loss, [x])).toHaveLength(1);
  });
});

test("gradients through a region that has no dtype here are refused, not zero", () => {
  const model = fromOnnx(build(cases["a product in 8 bits"]));
  const x = g.input("x", { shape: [2, 8] });
  expect(() => g.gradients(g.sum(model.apply({ x }).y), [x])).toThrow(
    "of DynamicQuantizeLinear, MatMulInteger from",
  );
});

test("two nodes that draw random numbers stay two", async () => {
  const file = build({
    node: [
      node("RandomNormalLike", ["x"], ["a"]),
      node("RandomNormalLike", ["x"], ["b"]),
      node("Sub", ["a", "b"], ["y"]),
    ],
    missing: "RandomNormalLike (2 nodes)",
  });
  const { y } = await runOnnx(toOnnx(traced(fromOnnx(file))), inputsFor(signature, 2));
  expect(y.data.some((v) => v !== 0)).toBe(true);
});

test("a LayerNormalization is written without an empty name for its bias", () => {
  const bytes = fileOf({
    node: [
      node("BiasSplitGelu", ["x", "bias"], ["a"], microsoft),
      node("LayerNormalization", ["a", "scale", ""], ["y"]),
    ],
    initializer: [floats("bias", [8], numbers(8)), floats("scale", [4], numbers(4))],
    input: [declared("x", [1, 3, 8])],
    output: [declared("y", [1, 3, 4])],
  });
  const { graph } = fromBinary(ModelProtoSchema, toOnnx(traced(fromOnnx(bytes))));
  const written = graph?.node.find(({ opType }) => opType === "LayerNormalization");
  expect(written?.input).toHaveLength(2);
});

describe("a foreign node is written with", () => {
  const own = { domain: "com.microsoft" };
  const table = new Uint8Array([0, 255, 1, 254, 7]);
  const big = [2n ** 62n + 1n, -(2n ** 53n) - 1n];
  const notNumbers = new Uint32Array([0x7fc00001, 0x80000000, 1]);
  const thing = node(
    "GroupQueryAttention",
    ["x", "", "big", "floats", "table", ""],
    ["y", "", "z"],
    { ...own, mode: "né", sizes: [1, -2], rate: { float: 0.1 } },
    [
      { name: "values", type: 4, t: tensorProto("", "uint8", [5], table) },
      { name: "words", type: 8, strings: [Uint8Array.of(0, 200)] },
    ],
  );
  const file = fileOf(
    {
      node: [thing],
      initializer: [
        int64s("big", ...big),
        tensorProto("floats", "float32", [3], notNumbers),
        tensorProto("table", "int8", [5], table),
      ],
      input: [declared("x", ["n", 8])],
      output: [declared("y", ["n", 2])],
    },
    19,
    { "com.microsoft": 7, unused: 3 },
  );

  test("its domain, attributes, absent operands and the bytes of its constants", () => {
    const written = toOnnx(traced(fromOnnx(file)));
    expect(importsOf(written)).toEqual(["onnx 17", "com.microsoft 7"]);
    const { graph } = read(written);
    const [made] = graph?.node.filter((n) => n.opType === "GroupQueryAttention") ?? [];
    const [before] = read(file).graph?.node ?? [];
    expect(made.domain).toBe("com.microsoft");
    expect(made.attribute).toEqual(before.attribute);
    expect(made.input.map((name) => name !== "")).toEqual([true, false, true, true, true, false]);
    expect(made.output.map((name) => name !== "")).toEqual([true, false, true]);
    const initializers = new Map(graph?.initializer.map((t) => [t.name, t]));
    const dataOf = (at: number) => initializers.get(made.input[at])?.rawData;
    expect(dataOf(2)).toEqual(new Uint8Array(BigInt64Array.from(big).buffer));
    expect(dataOf(3)).toEqual(new Uint8Array(notNumbers.buffer));
    expect(dataOf(4)).toEqual(table);
    expect(initializers.get(made.input[4])?.dataType).toBe(3);
  });

  test.each([
    [7, "Selu", 13],
    [11, "Selu", 13],
    [13, "Selu", 13],
    [16, "Selu", 16],
    [21, "Selu", 21],
    [12, "com.microsoft.QuickGelu", 17],
  ])("of a file of operator set %i with %s in operator set %i", (opset, op, expected) => {
    const [name, ...domain] = op.split(".").reverse();
    const kept = node(name, ["x"], ["y"], { domain: domain.reverse().join(".") });
    const model = fromOnnx(build({ node: [kept], opset, missing: op }));
    const written = toOnnx(traced(model));
    expect(importsOf(written)[0]).toBe(`onnx ${expected}`);
  });

  test("no operator set in which it means something else", () => {
    const graph = (opset: number) => {
      const kept = node("Hardmax", ["x"], ["y"]);
      return traced(fromOnnx(build({ node: [kept], opset, missing: "Hardmax" })));
    };
    expect(importsOf(toOnnx(graph(14), { opset: 20 }))).toEqual(["onnx 20"]);
    expect(() => toOnnx(graph(18), { opset: 17 })).toThrow(
      'opset 17 cannot hold "Hardmax" from a model of opset 18: it may be newer; write opset 18',
    );
    const sampled = (opset: number) =>
      traced(
        fromOnnx(
          fileOf(
            {
              node: [node("GridSample", ["x", "grid"], ["y"])],
              input: [declared("x", ["n", 2, 4, 6]), declared("grid", ["n", 3, 3, 2])],
              output: [declared("y", ["n", 2, 3, 3])],
            },
            opset,
          ),
        ),
      );
    expect(() => toOnnx(sampled(16), { opset: 21 })).toThrow(
      'opset 21 cannot hold "GridSample" from a model of opset 16: it changed in 20; write opset 16',
    );
    expect(importsOf(toOnnx(sampled(20)))).toEqual(["onnx 20"]);
  });
});

test("an error names at most forty missing operations", () => {
  const names = Array.from({ length: 45 }, (_, i) => `Op${i}`);
  const file = fileOf(
    {
      node: names.map((name, i) =>
        node(name, [i === 0 ? "x" : `v${i}`], [i === 44 ? "y" : `v${i + 1}`]),
      ),
      input: [declared("x", ["n", 8])],
      output: [declared("y", ["n", 8])],
    },
    17,
  );
  const operations = foreignOperations(traced(fromOnnx(file)));
  expect(operations.map((o) => o.name)).toEqual(names);
  expect(c.foreignText(operations)).toMatch(/^Op0, .*Op39 and 5 more$/);
});

describe("other widths of floats", () => {
  const bfloat16 = (values: number[]) =>
    Uint16Array.from(values, (v) => new Uint32Array(Float32Array.of(v).buffer)[0] >>> 16);

  test("bfloat16 is read as float32, also as the type of a cast", () => {
    const values = [1, -2.5, 2 ** -130, 3e38];
    const model = fromOnnx(
      fileOf({
        node: [
          node("Cast", ["x"], ["a"], { to: 16 }),
          node("Mul", ["a", "w"], ["b"]),
          node("Cast", ["b"], ["y"], { to: 1 }),
        ],
        initializer: [tensorProto("w", "bfloat16", [4], bfloat16(values))],
        input: [declared("x", ["n", 4])],
        output: [declared("y", ["n", 4])],
      }),
    );
    const x = g.tensor([1, 1, 1, 1], [1, 4]);
    const { y } = evaluate(traced(model), { x });
    const rounded = values.map((v) => {
      const bits = Uint32Array.of(bfloat16([v])[0] << 16);
      return new Float32Array(bits.buffer)[0];
    });
    expect(Array.from(g.tensorNumbers(y))).toEqual(rounded);
  });
});

test("floods of attributes, operands and results take no longer than their bytes", () => {
  const many = 20_000;
  const names = Array.from({ length: many }, (_, i) => `v${i}`);
  const attribute = names.map((name) => ({ name, type: 2, i: 1n }));
  const flood = node("Flood", Array(many).fill("x"), ["y", ...names], {}, attribute);
  const file = fileOf(
    {
      node: [flood],
      input: [declared("x", ["n", 8])],
      output: [declared("y", ["n", 8])],
      valueInfo: names.map((name) => declared(name, [-1, 2 ** 40])),
    },
    17,
  );
  const { graph } = read(toOnnx(traced(fromOnnx(file))));
  expect(graph?.node[0].output).toHaveLength(many + 1);
});
