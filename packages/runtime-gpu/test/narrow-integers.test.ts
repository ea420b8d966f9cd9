import * as g from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { describe, expect, it } from "vitest";
import { narrowIntegers, staticGraph } from "../src/onnx/passes/webgpu-passes.ts";

const int64 = (values: number[]) => g.constant(g.tensor(values, [values.length], "int64"));

describe("a graph in int32", () => {
  it("has the values of the graph in int64, for one size of its dimensions", () => {
    const graph = g.trace(
      ({ t, i, x }) => {
        const times = g.expand(g.reshape(g.concat([t, int64([7])], 0), [-1, 1]), [3, 2]);
        const later = g.greater(g.cast(g.cast(t, "int32"), "int64"), int64([3]));
        return { y: g.cast(times, "float32"), z: g.gather(x, i, 0), later };
      },
      {
        t: { shape: [2], dtype: "int64" },
        i: { shape: [2], dtype: "int64" },
        x: { shape: ["n", 2] },
        unused: { shape: ["n"] },
      },
    );
    const narrow = staticGraph(narrowIntegers(graph), { n: 2 });
    expect(narrow.nodes.filter(({ dtype }) => dtype === "int64")).toEqual([]);
    expect(narrow.inputs.map(({ name, shape }) => [name, ...shape])).toEqual([
      ["t", 2],
      ["i", 2],
      ["x", 2, 2],
    ]);
    expect(narrow.nodes.flatMap(({ shape }) => shape).every(Number.isInteger)).toBe(true);
    const inputs = (dtype: g.DType) => ({
      t: g.tensor([2, 999], [2], dtype),
      i: g.tensor([1, 0], [2], dtype),
      x: g.tensor([1, 2, 3, 4], [2, 2]),
    });
    const given = { ...inputs("int64"), unused: g.tensor([0, 0], [2]) };
    expect(evaluate(narrow, inputs("int32"))).toEqual(evaluate(graph, given));
  });

  it.each<[string, (t: g.Expr) => g.Expr, string]>([
    ["arithmetic", (t) => g.cast(g.add(t, int64([1])), "float32"), "it computes int64 (Add)"],
    [
      "rounding",
      (t) => g.cast(g.cast(g.cast(t, "float32"), "int64"), "float32"),
      "it computes int64 (Cast)",
    ],
    ["an output", (t) => t, "output y is int64"],
    [
      "a large constant",
      (t) => g.cast(g.greater(t, int64([2 ** 31])), "float32"),
      "a constant holds 2147483648",
    ],
  ])("is refused for %s", (_, f, message) => {
    const graph = g.trace(({ t }) => ({ y: f(t) }), { t: { shape: [2], dtype: "int64" } });
    expect(() => narrowIntegers(graph)).toThrow(message);
  });
});
