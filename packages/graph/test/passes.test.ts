import { describe, expect, test } from "vitest";
import * as g from "../src/index.ts";
import { cases } from "./onnx-cases.ts";
import { inputsFor, operations, plain } from "./onnx-session.ts";

function same(graph: g.Graph, signature: Record<string, g.Signature>) {
  const inputs = inputsFor(signature, 3);
  const shorter = g.simplify(graph);
  expect(shorter.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
  expect(shorter.inputs).toEqual(graph.inputs);
  expect(shorter.parameters).toEqual(graph.parameters);
  const [before, after] = [g.evaluate(graph, inputs), g.evaluate(shorter, inputs)];
  expect(Object.keys(after)).toEqual(Object.keys(before));
  for (const name of Object.keys(before)) {
    expect(shorter.outputs[name].shape).toEqual(graph.outputs[name].shape);
    expect(after[name].shape).toEqual(before[name].shape);
    expect(plain(after[name])).toEqual(plain(before[name]));
  }
  return shorter;
}

describe("simplify changes no value", () => {
  for (const [name, { signature, f }] of Object.entries(cases)) {
    test(name, () => {
      const graph = g.trace(f, signature);
      same(graph, signature);
      const floats = Object.values(graph.outputs).filter((e) => e.dtype === "float32");
      if (graph.parameters.length === 0 || floats.length === 0) return;
      const loss = floats.map((e) => g.sum(g.square(e))).reduce(g.add);
      const steps = g.gradients(loss, graph.parameters).map((e, i) => [`d${i}`, e] as const);
      same(g.graphOf({ loss, ...Object.fromEntries(steps) }, graph.inputs), signature);
    });
  }
});

describe("simplify does less", () => {
  const signature = { x: { shape: ["batch", 2, 3] } };
  const shorter = (f: (x: g.Expr) => g.Expr) =>
    operations(
      same(
        g.trace(({ x }) => ({ y: f(x) }), signature),
        signature,
      ),
    );

  test("equal operations become one", () => {
    const twice = (x: g.Expr) => g.mul(g.exp(g.mul(x, 2)), g.tanh(g.exp(g.mul(x, 2))));
    expect(shorter(twice)).toEqual(["Input", "Constant", "Mul", "Exp", "Tanh", "Mul"]);
  });
  test("operations that differ in an attribute or in a constant's sign or dtype stay", () => {
    expect(shorter((x) => g.add(g.softmax(x, 1), g.softmax(x, 2)))).toHaveLength(4);
    expect(shorter((x) => g.add(g.div(x, 0), g.div(x, -0)))).toHaveLength(6);
    const cast = (x: g.Expr) => g.cast(g.mul(g.cast(x, "int32"), 2), "float32");
    expect(shorter((x) => g.add(g.mul(x, 2), cast(x)))).toHaveLength(8);
  });
  test("reshapes in a row become one, and none where they lead back", () => {
    expect(shorter((x) => g.reshape(g.reshape(x, ["batch", 6]), ["batch", 3, 2]))).toEqual([
      "Input",
      "Reshape",
    ]);
    expect(shorter((x) => g.reshape(g.reshape(x, ["batch", 6]), ["batch", 2, 3]))).toEqual([
      "Input",
    ]);
  });
  test("transposes in a row become one, and none where they lead back", () => {
    const turn = (x: g.Expr) => g.transpose(x, [1, 2, 0]);
    expect(shorter((x) => turn(turn(x)))).toEqual(["Input", "Transpose"]);
    expect(shorter((x) => turn(turn(turn(x))))).toEqual(["Input"]);
  });
  test("transposes of the last two dimensions go into the product", () => {
    const flip = (x: g.Expr) => g.transpose(x, [0, 2, 1]);
    expect(shorter((x) => g.matmul(flip(x), x))).toEqual(["Input", "MatMul"]);
    expect(shorter((x) => g.matmul(flip(x), flip(x), { transposeB: true }))).toEqual([
      "Input",
      "MatMul",
    ]);
    expect(
      shorter((x) => g.matmul(g.transpose(x, [1, 0, 2]), g.transpose(x, [1, 2, 0]))),
    ).toHaveLength(4);
  });
  test("repeats go where broadcasting does them", () => {
    expect(shorter((x) => g.mul(x, g.expandLike(g.mean(x), x)))).toEqual([
      "Input",
      "ReduceMean",
      "Mul",
    ]);
    expect(shorter((x) => g.exp(g.expandLike(g.mean(x), x)))).toContain("Expand");
  });
});

test("simplify keeps weights apart that are equal", () => {
  const weight = (name: string) => g.parameter(name, g.tensor([1, 2]));
  const graph = g.graphOf({ y: g.add(g.exp(weight("a")), g.exp(weight("b"))) });
  expect(g.simplify(graph).parameters.map((p) => p.name)).toEqual(["a", "b"]);
});
