// Models that are no graphs here, with branches, functions or new operator sets: ONNX Runtime opens
// their files, after the checks of every model.
import { readdirSync, readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { errorCode } from "@gen/math";
import { FunctionProtoSchema, GraphProtoSchema, ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { runOnnx } from "../../../tooling/fixtures/run-onnx.ts";
import { tensor, trace } from "../src/index.ts";
import { fileOf, fromOnnx, wholeModel } from "../src/onnx.ts";
import {
  declared,
  fileOf as fileWith,
  floats,
  int64s,
  type NodeInit,
  node,
  type TensorInit,
} from "./onnx-build.ts";

const x = declared("x", ["batch", 2]);
const y = declared("y", ["batch", 2]);
const ofX = (nodes: NodeInit[], opset = 17, initializer: TensorInit[] = []) =>
  fileWith({ node: nodes, input: [x], output: [y], initializer }, opset);

/** A graph for an attribute, whose result is `out`. */
const body = (nodes: NodeInit[], initializer: TensorInit[] = []) =>
  create(GraphProtoSchema, {
    ...{ name: "body", node: nodes, initializer },
    output: [declared("out", ["batch", 2])],
  });

/** y = then where the sum of x is positive, else its negation. */
const branches = (then: NodeInit[], initializer: TensorInit[] = []) =>
  ofX(
    [
      node("ReduceSum", ["x"], ["sum"], { keepdims: 0 }),
      node("Greater", ["sum", "zero"], ["positive"]),
      node("If", ["positive"], ["y"], {}, [
        { name: "then_branch", type: 5, g: body(then, initializer) },
        { name: "else_branch", type: 5, g: body([node("Neg", ["x"], ["out"])]) },
      ]),
    ],
    17,
    [floats("zero", [], [0])],
  );

/** A file with the functions own.Twice and own.Block, and these nodes. */
function withFunctions(nodes: NodeInit[], inner: NodeInit[], domain = "own"): Uint8Array {
  const model = fromBinary(ModelProtoSchema, ofX(nodes));
  const opsetImport = [
    { domain: "", version: 17n },
    { domain, version: 1n },
  ];
  model.opsetImport.push(
    ...create(ModelProtoSchema, { opsetImport: [opsetImport[1]] }).opsetImport,
  );
  const own = { domain, opsetImport, input: ["a"], output: ["b"] };
  model.functions.push(
    create(FunctionProtoSchema, { ...own, name: "Block", node: inner }),
    create(FunctionProtoSchema, {
      ...{ ...own, name: "Twice" },
      node: [node("Block", ["a"], ["h"], { domain }), node("Block", ["h"], ["b"], { domain })],
    }),
  );
  return toBinary(ModelProtoSchema, model);
}

const shapes = async (file: Uint8Array) => {
  const model = await wholeModel(fileOf(file));
  return trace(model.apply, { x: { shape: [3, 2] } });
};

/** What the runtime gives, which has the shape that the headers tell. */
async function run(file: Uint8Array, values: number[]) {
  const { outputs } = await shapes(file);
  const { y } = await runOnnx(file, { x: tensor(values, [3, 2]) });
  expect([...y.shape]).toEqual(outputs.y.shape);
  return y.data;
}

const values = [1, -2, 3, 4, -5, 6];

describe("a whole model runs", () => {
  it("with branches", async () => {
    const file = branches([node("Abs", ["x"], ["out"])]);
    expect(() => fromOnnx(file)).toThrow("a graph here has no branches");
    expect(await run(file, values)).toEqual(values.map(Math.abs));
    const negative = values.map((v) => v - 3);
    expect(await run(file, negative)).toEqual(negative.map((v) => -v));
  });

  it("with functions of its own that call each other", async () => {
    const inner = [node("Exp", ["a"], ["e"]), node("Neg", ["e"], ["b"])];
    const file = withFunctions([node("Twice", ["x"], ["y"], { domain: "own" })], inner);
    expect(() => fromOnnx(file)).toThrow("calls functions of its own");
    const found = await run(file, values);
    for (const [i, v] of values.entries()) expect(found[i]).toBeCloseTo(-Math.exp(-Math.exp(v)), 5);
  });

  it("with the attributes that a call gives a function", async () => {
    const softmax = node("Softmax", ["a"], ["b"], {}, [
      { name: "axis", type: 2, refAttrName: "over" },
    ]);
    const call = node("Block", ["x"], ["y"], { domain: "own", over: 0 });
    const file = fromBinary(ModelProtoSchema, withFunctions([call], [softmax]));
    file.functions[0].attribute.push("over");
    file.functions.pop();
    const found = await run(toBinary(ModelProtoSchema, file), [0, 0, 0, 0, 0, 0]);
    expect(found).toEqual(Array(6).fill(Math.fround(1 / 3)));
  });

  it("of operator set 24, and with contributed operators", async () => {
    expect(await run(ofX([node("Abs", ["x"], ["y"])], 24), values)).toEqual(values.map(Math.abs));
    const gelu = ofX([node("QuickGelu", ["x"], ["y"], { domain: "com.microsoft" })]);
    const found = await run(gelu, values);
    for (const [i, v] of values.entries())
      expect(found[i]).toBeCloseTo(v / (1 + Math.exp(-1.702 * v)), 4);
  });
});

const topK = [
  node("Slice", ["x", "none", "none", "first"], ["empty"]),
  node("TopK", ["empty", "one"], ["best", "places"]),
  node("Expand", ["best", "size"], ["out"]),
];
const ofTopK = [int64s("none", 0), int64s("first", 1), int64s("one", 1), int64s("size", 3, 2)];
const internal = node("ReorderOutput", ["x"], ["out"], { domain: "com.microsoft.nchwc" });
const outside = {
  ...{ name: "w", dataType: 1, dims: [3n, 2n], dataLocation: 1 },
  externalData: [{ key: "location", value: "../secret" }],
};

describe("a whole model is refused", () => {
  it.each([
    ["an empty TopK in a branch", branches(topK, ofTopK), "unsafe-model", /TopK needs some/],
    [
      "an empty TopK two branches deep",
      branches([
        node("If", ["positive"], ["out"], {}, [
          { name: "then_branch", type: 5, g: body(topK, ofTopK) },
          { name: "else_branch", type: 5, g: body([node("Neg", ["x"], ["out"])]) },
        ]),
      ]),
      "unsafe-model",
      /TopK needs some/,
    ],
    ["a runtime's own operator in a branch", branches([internal]), "unsafe-model", /nchwc/],
    [
      "a function of a runtime's own domain",
      withFunctions(
        [node("Block", ["x"], ["y"], { domain: "com.microsoft.nchwc" })],
        [node("Neg", ["a"], ["b"])],
        "com.microsoft.nchwc",
      ),
      "unsafe-model",
      /must be in a domain of its own/,
    ],
    [
      "a runtime's own operator in a function",
      withFunctions(
        [node("Twice", ["x"], ["y"], { domain: "own" })],
        [node("ReorderOutput", ["a"], ["b"], { domain: "com.microsoft.nchwc" })],
      ),
      "unsafe-model",
      /nchwc/,
    ],
    [
      "an integer division by zero in a function",
      withFunctions(
        [node("Twice", ["x"], ["y"], { domain: "own" })],
        [
          node("Constant", [], ["zero"], { value_int: 0 }),
          node("Shape", ["a"], ["s"]),
          node("Div", ["s", "zero"], ["b"]),
        ],
      ),
      "unsafe-model",
      /integers divided by 0/,
    ],
    [
      "weights above its folder, in a branch",
      branches([node("Add", ["x", "w"], ["out"])], [outside]),
      "invalid-model",
      /only a relative path below the model's folder/,
    ],
    [
      "weights above its folder, in a Constant",
      ofX([
        node("Constant", [], ["w"], {}, [{ name: "value", type: 4, t: outside }]),
        node("Add", ["x", "w"], ["y"]),
      ]),
      "invalid-model",
      /only a relative path below the model's folder/,
    ],
    [
      "weights above its folder, in a function",
      withFunctions(
        [node("Twice", ["x"], ["y"], { domain: "own" })],
        [
          node("Constant", [], ["w"], {}, [{ name: "value", type: 4, t: outside }]),
          node("Add", ["a", "w"], ["b"]),
        ],
      ),
      "invalid-model",
      /only a relative path below the model's folder/,
    ],
  ])("for %s", async (_, file, code, message) => {
    const error = await shapes(file).catch((each) => each);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("for functions that call themselves, or make more nodes than a file may have", async () => {
    const call = [node("Twice", ["x"], ["y"], { domain: "own" })];
    const again = withFunctions(call, [node("Twice", ["a"], ["b"], { domain: "own" })]);
    await expect(shapes(again)).rejects.toThrow("more than 16 deep");
    const many = fromBinary(ModelProtoSchema, withFunctions(call, [node("Neg", ["a"], ["b"])]));
    for (let i = 0; i < 14; i++) {
      const below = { opType: i === 0 ? "Block" : `F${i - 1}`, domain: "own" };
      many.functions.push(
        create(FunctionProtoSchema, {
          ...{ name: `F${i}`, domain: "own", input: ["a"], output: ["b"] },
          node: [..."0123"].map((n) => ({ ...below, input: ["a"], output: [n === "0" ? "b" : n] })),
        }),
      );
    }
    (many.graph as NonNullable<typeof many.graph>).node[0].opType = "F13";
    await expect(shapes(toBinary(ModelProtoSchema, many))).rejects.toThrow("more than 65536 nodes");
  });
});

const corpus = new URL("../../../tooling/fuzz/corpus/onnx/", import.meta.url);

describe("each crafted file of the fuzzer's corpus", () => {
  it.each(readdirSync(corpus))("has the same fate as a whole model: %s", async (name) => {
    const file = new Uint8Array(readFileSync(new URL(name, corpus)));
    const fateOf = async (
      read: () => ReturnType<typeof fromOnnx> | ReturnType<typeof wholeModel>,
    ) => {
      try {
        const { apply, signature } = await read();
        trace(apply, signature);
        return "sound";
      } catch (error) {
        return errorCode(error);
      }
    };
    const fate = await fateOf(() => wholeModel(fileOf(file)));
    expect(fate).toBe(await fateOf(() => fromOnnx(file)));
  });
});
