import { expect, test } from "vitest";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";

const x = g.input("x", { shape: ["batch", 3] });
const given = { x: g.tensor([1, -2, 3], [1, 3]) };

test("dropout and its gradient are the identity, and no graph holds it", () => {
  const y = g.mul(g.dropout(g.mul(x, 2), 0.5), 3);
  const [slope] = g.gradients(g.sum(g.square(y)), [x]);
  const graph = g.graphOf({ y, slope }, [x]);
  expect(graph.nodes.map((n) => n.op)).not.toContain("Dropout");
  const got = evaluate(graph, given);
  expect([...got.y.data]).toEqual([6, -12, 18]);
  expect([...got.slope.data]).toEqual([72, -144, 216]);
  expect(g.graphOf({ y: g.dropout(x, 0.9) }).outputs.y).toBe(x);
});

test("dropout of rate 0 returns its operand, and a rate outside [0, 1) is refused", () => {
  expect(g.dropout(x, 0)).toBe(x);
  for (const rate of [-0.1, 1, Number.NaN]) {
    expect(() => g.dropout(x, rate)).toThrow(`rate must be in [0, 1), got ${rate}`);
  }
  const whole = g.input("n", { shape: [2], dtype: "int64" });
  expect(() => g.dropout(whole, 0.5)).toThrow("Dropout needs a float dtype, got int64 [2]");
});
