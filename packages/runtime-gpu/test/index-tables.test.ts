import * as g from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { describe, expect, it } from "vitest";
import { indexTables } from "../src/onnx/passes/index-tables.ts";

const LENGTH = 1000;
const t = g.input("t", { shape: [8], dtype: "int64" });
const x = g.input("x", { shape: [8, 2] });
const levels = g.constant(g.tensor(Float32Array.from({ length: LENGTH }, (_, k) => k / LENGTH)));
const rates = g.constant(g.tensor([0.5, 0.1, 0.02], [1, 3]));

/** Features of a time step, as a network computes them. */
function features(at: g.Expr): g.Expr {
  const angles = g.mul(g.reshape(g.cast(at, "float32"), [8, 1]), rates);
  return g.concat([g.sin(angles), g.cos(angles)], 1);
}

const noised = g.mul(x, g.reshape(g.gather(levels, t), [8, 1]));
const operations = (graph: g.Graph) =>
  graph.nodes.flatMap(({ op }) => (["Input", "Constant"].includes(op) ? [] : [op])).sort();

describe("what follows from an index alone", () => {
  it("is a row of a table, with the same values", () => {
    const graph = g.graphOf({ joined: g.concat([noised, features(t)], 1), alone: features(t) });
    const made = indexTables(graph);
    expect(operations(made)).toEqual(["Concat", "Gather", "Gather", "Gather", "Mul"]);
    const inputs = {
      t: g.tensor([0, 1, 5, 17, 333, 998, 999, 999], [8], "int64"),
      x: g.tensor(
        Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
        [8, 2],
      ),
    };
    const [got, wanted] = [evaluate(made, inputs), evaluate(graph, inputs)];
    for (const [name, { data }] of Object.entries(wanted)) {
      const numbers = g.tensorNumbers(got[name]);
      for (const [i, v] of Array.from(data as Float64Array).entries()) {
        expect(Math.abs(numbers[i] - v)).toBeLessThan(1e-7);
      }
    }
  });

  it("stays where nothing says below which number the index is", () => {
    const graph = g.graphOf({ alone: features(t), x: g.neg(x) });
    expect(indexTables(graph)).toBe(graph);
    const other = g.input("other", { shape: [8], dtype: "int64" });
    const both = g.graphOf({ noised, features: features(other) });
    expect(operations(indexTables(both))).toEqual(
      [...operations(g.graphOf({ features: features(other) })), "Gather", "Mul"].sort(),
    );
  });

  it("stays where another input decides it too, mixes its rows, or has a large table", () => {
    const scaled = g.mul(features(t), g.concat([x, x, x], 1));
    const total = g.sum(features(t), [0]);
    const wide = g.constant(g.tensor(new Float32Array(500).fill(0.1), [1, 500]));
    const large = g.mul(g.reshape(g.cast(t, "float32"), [8, 1]), wide);
    const made = indexTables(g.graphOf({ noised, scaled, total, large }));
    const [other, sum, product] = ["scaled", "total", "large"].map((name) => made.outputs[name]);
    expect([other.op, other.inputs.map(({ op }) => op)]).toEqual(["Mul", ["Gather", "Concat"]]);
    expect([sum.op, sum.inputs[0].op]).toEqual(["ReduceSum", "Gather"]);
    expect(product.op).toBe("Mul");
  });
});
