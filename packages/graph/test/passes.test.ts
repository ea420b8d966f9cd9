import { describe, expect, test } from "vitest";
import * as c from "../src/compiler.ts";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { cases } from "./onnx-cases.ts";
import { inputsFor, operations, plain } from "./onnx-values.ts";

function same(graph: g.Graph, signature: Record<string, g.Signature>) {
  const inputs = inputsFor(signature, 3);
  const shorter = c.simplify(graph);
  expect(shorter.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
  expect(shorter.inputs).toEqual(graph.inputs);
  expect(shorter.parameters).toEqual(graph.parameters);
  const [before, after] = [evaluate(graph, inputs), evaluate(shorter, inputs)];
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

describe("simplify shortens graphs", () => {
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
  test("reshapes in a row become one, or none when they restore the shape", () => {
    expect(shorter((x) => g.reshape(g.reshape(x, ["batch", 6]), ["batch", 3, 2]))).toEqual([
      "Input",
      "Reshape",
    ]);
    expect(shorter((x) => g.reshape(g.reshape(x, ["batch", 6]), ["batch", 2, 3]))).toEqual([
      "Input",
    ]);
  });
  test("transposes in a row become one, or none when they restore the order", () => {
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
  test("repeats vanish where broadcasting replaces them", () => {
    expect(shorter((x) => g.mul(x, g.expandLike(g.mean(x), x)))).toEqual([
      "Input",
      "ReduceMean",
      "Mul",
    ]);
    expect(shorter((x) => g.exp(g.expandLike(g.mean(x), x)))).toContain("Expand");
  });
});

describe("simplify repeats rows late", () => {
  const signature = { x: { shape: [4, 6] }, t: { shape: [1], dtype: "int64" as const } };
  const table = g.parameter(
    "table",
    g.tensor(Float32Array.from({ length: 1200 }, Math.sin), [200, 6]),
  );
  const weight = g.parameter("w", g.tensor(Float32Array.from({ length: 36 }, Math.cos), [6, 6]));
  const bias = g.parameter("b", g.tensor([1, 2, 3, 4, 5, 6]));
  const shorter = (f: (x: g.Expr, t: g.Expr) => g.Expr) => {
    const graph = g.trace(({ x, t }) => ({ y: f(x, g.expand(t, [4])) }), signature);
    return same(graph, signature);
  };
  const rowsOf = ({ nodes }: g.Graph, op: string) =>
    nodes.filter((node) => node.op === op).map(({ shape }) => shape[0]);

  test("so that features of one time step are computed once", () => {
    const graph = shorter((x, t) => {
      const angles = g.mul(
        g.reshape(g.cast(t, "float32"), [4, 1]),
        g.constant(g.tensor([1, 0.1], [1, 2])),
      );
      const waves = g.pad(g.concat([g.sin(angles), g.cos(angles)], 1), [0, 1], [0, 1]);
      const hidden = g.silu(g.add(g.matmul(g.add(waves, g.gather(table, t)), weight), bias));
      const turned = g.transpose(g.reshape(g.slice(hidden, 1, 0, 4), [4, 2, 2]), [0, 2, 1]);
      const flat = g.concat([g.reshape(turned, [4, 4]), g.slice(hidden, 1, 4, 6)], 1);
      return g.mul(g.add(x, flat), g.where(g.greater(hidden, 0), hidden, 0));
    });
    expect(rowsOf(graph, "Expand")).toEqual([]);
    for (const op of ["Sin", "Cos", "Gather", "MatMul", "Sigmoid", "Transpose"]) {
      expect(rowsOf(graph, op), op).toEqual([1]);
    }
  });
  test("and, where a batch is needed, after all earlier operations", () => {
    const graph = shorter((x, t) => g.concat([x, g.matmul(g.gather(table, t), weight)], 1));
    expect([rowsOf(graph, "MatMul"), rowsOf(graph, "Expand")]).toEqual([[1], [4]]);
    const one = shorter((x, t) => g.add(x, g.reshape(g.cast(g.slice(t, 0, 0, 1), "float32"), [])));
    expect(rowsOf(one, "Expand")).toEqual([]);
    const few = shorter((x, t) => {
      const two = g.reshape(g.slice(g.cast(t, "float32"), 0, 1, 3), [2, 1]);
      return g.concat([two, g.slice(x, 0, 0, 2)], 1);
    });
    expect([rowsOf(few, "Cast"), rowsOf(few, "Expand")]).toEqual([[1], [2]]);
  });
  test("but not before an operation that mixes rows", () => {
    const signature = { x: { shape: [4, 3] } };
    const mixed = (f: (rows: g.Expr, x: g.Expr) => g.Expr) =>
      same(
        g.trace(({ x }) => ({ y: f(g.expand(g.slice(x, 0, 1, 2), [4, 3]), x) }), signature),
        signature,
      );
    const cases: ((rows: g.Expr, x: g.Expr) => g.Expr)[] = [
      (rows) => g.sum(rows, [0]),
      (rows) => g.transpose(rows, [1, 0]),
      (rows) => g.concat([rows, rows], 0),
      (rows) => g.reshape(rows, [2, 6]),
      (rows) => g.pad(rows, [1, 0], [0, 0]),
      (rows, x) => g.matmul(rows, x, { transposeA: true }),
    ];
    for (const f of cases) expect(rowsOf(mixed(f), "Expand")).toEqual([4]);
    const wider = mixed((rows, x) => g.mul(rows, g.reshape(g.slice(x, 0, 0, 1), [1, 1, 3])));
    expect(wider.outputs.y.shape).toEqual([1, 4, 3]);
  });
});

test("simplify does not merge equal weights", () => {
  const weight = (name: string) => g.parameter(name, g.tensor([1, 2]));
  const graph = g.graphOf({ y: g.add(g.exp(weight("a")), g.exp(weight("b"))) });
  expect(c.simplify(graph).parameters.map((p) => p.name)).toEqual(["a", "b"]);
});
