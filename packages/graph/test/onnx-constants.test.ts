import { describe, expect, test } from "vitest";
import { runOnnx } from "../../../tooling/fixtures/run-onnx.ts";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { foreignOperations, fromOnnx, toOnnx } from "../src/onnx.ts";
import {
  declared,
  fileOf,
  floats,
  int64s,
  type NodeInit,
  node,
  tensorProto,
} from "./onnx-build.ts";
import { distance, inputsFor, numbers, plain } from "./onnx-values.ts";

type File = Parameters<typeof fileOf>[0];

/** A graph from `x` `[n, 4]` to `y` as another exporter writes it. */
const file = (nodes: NodeInit[], more: Partial<File> = {}, opset?: number) =>
  fileOf(
    { node: nodes, input: [declared("x", ["n", 4])], output: [declared("y")], ...more },
    opset,
  );
const constantNode = (name: string, shape: number[], values: number[]) =>
  node("Constant", [], [name], {}, [{ name: "value", type: 4, t: floats("", shape, values) }]);

/** The names of a file's weights, after a comparison of its numbers with ONNX Runtime's. */
async function weightNames(bytes: Uint8Array): Promise<string[]> {
  const model = fromOnnx(bytes);
  const inputs = inputsFor(model.signature, 3);
  const { y } = await runOnnx(bytes, inputs);
  for (const signature of [model.signature, inputs]) {
    const graph = g.trace(model.apply, { ...signature });
    const found = evaluate(graph, inputs).y;
    expect(found.shape).toEqual(y.shape);
    expect(distance(plain(found), y.data)).toBeLessThan(1e-5);
    const again = fromOnnx(toOnnx(graph));
    expect(again.parameters.map(({ name }) => name).sort()).toEqual(
      graph.parameters.map(({ name }) => name).sort(),
    );
  }
  return model.parameters.map(({ name }) => name);
}

describe("without initializers, Constant nodes are the weights", () => {
  const w = constantNode("w", [4, 4], numbers(16));
  const product = node("MatMul", ["x", "w"], ["a"]);

  test("in each form of an attribute, and behind operations that move them", async () => {
    const bytes = file([
      w,
      node("Constant", [], ["b"], { value_floats: { floats: [1, 2, 3, 4] } }),
      constantNode("half", [], [0.5]),
      node("Transpose", ["w"], ["wt"]),
      node("Identity", ["b"], ["bias"]),
      node("MatMul", ["x", "wt"], ["a"]),
      node("Mul", ["a", "half"], ["h"]),
      node("Add", ["h", "bias"], ["y"]),
    ]);
    expect(await weightNames(bytes)).toEqual(["w", "b"]);
    const [weight, bias] = fromOnnx(bytes).parameters;
    expect(plain(weight.value)).toEqual(Array.from(Float32Array.from(numbers(16))));
    const { y } = g.trace(fromOnnx(bytes).apply, { x: { shape: [2, 4] } }).outputs;
    expect(g.gradients(g.sum(y), [weight, bias])).toHaveLength(2);
  });

  test("of many elements, and of float64", async () => {
    const wide = constantNode("wide", [4, 2000], numbers(8000));
    expect(await weightNames(file([wide, node("MatMul", ["x", "wide"], ["y"])]))).toEqual(["wide"]);
    const data = Float64Array.from([1, 2, 3, 4]);
    const t = tensorProto("", "float64", [4], data);
    const doubles = node("Constant", [], ["d"], {}, [{ name: "value", type: 4, t }]);
    const values = ["x", "y"].map((name) => declared(name, ["n", 4], "float64"));
    const sides = { input: values.slice(0, 1), output: values.slice(1) };
    expect(await weightNames(file([doubles, node("Mul", ["x", "d"], ["y"])], sides))).toEqual([
      "d",
    ]);
  });

  test("but not their settings, exponents, numbers and arithmetic on shapes", async () => {
    const bytes = file([
      w,
      product,
      node("Constant", [], ["ones"], { value_floats: { floats: [1, 1] } }),
      node("Constant", [], ["twos"], { value_floats: { floats: [2, 2] } }),
      node("Constant", [], ["square"], { value_floats: { floats: [2] } }),
      node("Constant", [], ["low"], { value_float: { float: -0.5 } }),
      node("Constant", [], ["groups"], { value_floats: { floats: [-1, 1, 2, 2] } }),
      node("Cast", ["groups"], ["shape"], { to: 7 }),
      node("Concat", ["ones", "twos"], ["scales"], { axis: 0 }),
      node("Pow", ["a", "square"], ["p"]),
      node("Reshape", ["p", "shape"], ["image"]),
      node("Resize", ["image", "", "scales"], ["large"], {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
      node("Clip", ["large", "low"], ["y"]),
    ]);
    expect(await weightNames(bytes)).toEqual(["w"]);
  });

  test("beside initializers that are no weights", async () => {
    const initializer = [floats("half", [], [0.5]), int64s("axes", 1)];
    const nodes = [w, product, node("Mul", ["a", "half"], ["h"])];
    const bytes = file([...nodes, node("ReduceSum", ["h", "axes"], ["y"])], { initializer });
    expect(await weightNames(bytes)).toEqual(["w"]);
  });

  test("but initializers are the weights where a file has both", async () => {
    const initializer = [floats("weight", [4, 4], numbers(16))];
    const frequencies = constantNode("frequencies", [4], [1, 0.1, 0.01, 0.001]);
    const nodes = [frequencies, node("MatMul", ["x", "weight"], ["a"])];
    const bytes = file([...nodes, node("Mul", ["a", "frequencies"], ["y"])], { initializer });
    expect(await weightNames(bytes)).toEqual(["weight"]);
  });

  test("a damaged one is named", () => {
    const broken = [{ name: "value", type: 4, t: floats("", [5], [1]) }];
    const nodes = [node("Constant", [], ["w"], {}, broken), node("Add", ["x", "w"], ["y"])];
    expect(() => fromOnnx(file(nodes)).apply({ x: g.input("x", { shape: [1, 4] }) })).toThrow(
      /^node "w" \(Constant\): .*takes 20 bytes, got 4$/,
    );
  });
});

describe("an operand that is computed leaves the shape known", () => {
  const peak = node("ReduceMax", ["x"], ["peak"], { keepdims: 0 });
  const low = node("Neg", ["peak"], ["low"]);
  const initializer = [floats("half", [], [0.5])];
  const bounds: Record<string, NodeInit[]> = {
    "both bounds of Clip": [peak, low, node("Clip", ["x", "low", "peak"], ["y"])],
    "the upper bound of Clip": [
      peak,
      node("Mul", ["peak", "half"], ["high"]),
      node("Clip", ["x", "", "high"], ["y"]),
    ],
    "the lower bound of Clip, beside a number": [
      peak,
      node("Sub", ["half", "peak"], ["low"]),
      node("Clip", ["x", "low", "half"], ["y"]),
    ],
    "a bound of Clip above the other": [peak, low, node("Clip", ["x", "peak", "low"], ["y"])],
    "a bound of Clip, itself clipped": [
      peak,
      node("Clip", ["peak", "", "half"], ["high"]),
      node("Clip", ["x", "", "high"], ["y"]),
    ],
  };
  for (const [name, nodes] of Object.entries(bounds)) {
    test(name, async () => {
      expect(await weightNames(file(nodes, { initializer }))).toEqual([]);
      const graph = g.trace(fromOnnx(file(nodes, { initializer })).apply, { x: { shape: [2, 4] } });
      expect(foreignOperations(graph)).toEqual([]);
    });
  }

  const position = [
    node("ReduceSum", ["x"], ["sum"], { keepdims: 0 }),
    node("Cast", ["sum"], ["k"], { to: 7 }),
  ];
  const kept: Record<string, [NodeInit[], g.Shape]> = {
    "the fill of Pad": [
      [peak, node("Pad", ["x", "pads", "peak"], ["y"])],
      ["n", 7],
    ],
    "the diagonal of Trilu": [
      [...position, node("Trilu", ["x", "k"], ["y"])],
      ["n", 4],
    ],
    "a bound of Clip, a dynamic dimension": [
      [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["rows"]),
        node("Cast", ["rows"], ["high"], { to: 1 }),
        node("Clip", ["x", "", "high"], ["y"]),
      ],
      ["n", 4],
    ],
  };
  for (const [name, [nodes, shape]] of Object.entries(kept)) {
    test(name, async () => {
      const zero = tensorProto("zero", "int64", [], BigInt64Array.of(0n));
      const bytes = file(nodes, { initializer: [int64s("pads", 0, 1, 0, 2), zero] });
      const model = fromOnnx(bytes);
      const graph = g.trace(model.apply, model.signature);
      expect(graph.outputs.y.shape).toEqual(shape);
      const inputs = inputsFor(model.signature, 3);
      const [found, wanted] = [await runOnnx(toOnnx(graph), inputs), await runOnnx(bytes, inputs)];
      expect(found.y).toEqual(wanted.y);
    });
  }
});
