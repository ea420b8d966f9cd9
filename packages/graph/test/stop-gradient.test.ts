import { expect, it } from "vitest";
import { evaluate } from "../src/evaluate.ts";
import {
  add,
  exp,
  gradients,
  graphOf,
  input,
  mean,
  mul,
  type Signature,
  stopGradient,
  sum,
  tensor,
} from "../src/index.ts";

const vector: Signature = { shape: ["n"] };
const numbers = [0.3, -1.25, 2];
const values = { x: tensor(numbers, [3], "float64") };
const list = (data: ArrayLike<unknown>) => Array.from(data, Number);

it("keeps the values, is removed from graphs, and lets no gradient through", () => {
  const x = input("x", vector);
  const y = mul(stopGradient(exp(x)), x);
  const [dx] = gradients(sum(y), [x]);
  const graph = graphOf({ y, dx });
  expect(graph.nodes.map(({ op }) => op)).not.toContain("StopGradient");
  const out = evaluate(graph, values);
  expect(list(out.y.data)).toEqual(numbers.map((v) => Math.exp(v) * v));
  // d(c x) = c, where the derivative of exp(x) x is (1 + x) exp(x).
  expect(list(out.dx.data)).toEqual(numbers.map(Math.exp));
});

it("is zeros where nothing but a stopped value depends on the input", () => {
  const x = input("x", vector);
  const [dx] = gradients(mean(stopGradient(mul(x, x))), [x]);
  expect(list(evaluate(graphOf({ dx }), values).dx.data)).toEqual([0, 0, 0]);
});

it("gives the derivative by the stopped value itself, and by its operand beside it", () => {
  const x = input("x", vector);
  const held = stopGradient(mul(x, 3));
  const [byHeld, byX] = gradients(sum(add(mul(held, held), x)), [held, x]);
  const out = evaluate(graphOf({ byHeld, byX }), values);
  expect(list(out.byHeld.data)).toEqual(numbers.map((v) => 2 * (v * 3)));
  expect(list(out.byX.data)).toEqual([1, 1, 1]);
});
