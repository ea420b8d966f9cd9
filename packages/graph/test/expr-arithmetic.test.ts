import { type Arithmetic, numberArithmetic } from "@gen/math";
import { expect, test } from "vitest";
import { evaluate } from "../src/evaluate.ts";
import { constant, type Expr, exprArithmetic, graphOf, input, tensor } from "../src/index.ts";

/** One text of a formula that uses every operation. */
function formula<T>(m: Arithmetic<T>, x: T, y: T): T {
  const k = m.log(m.add(m.constant(2), m.constant(0.5)));
  const a = m.sub(m.mul(x, k), m.div(y, m.constant(3)));
  const b = m.add(m.exp(m.neg(a)), m.sqrt(m.abs(y)));
  const c = m.maximum(m.tanh(a), m.minimum(m.constant(0.25), m.sigmoid(b)));
  return m.add(m.softplus(c), m.mul(m.constant(-1.5), m.abs(m.constant(-2))));
}

test("expressions give the numbers' results, whatever their dtype", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const x = input("x", { shape: ["batch", 1], dtype });
    const y = input("y", { shape: [3], dtype });
    const z = formula(exprArithmetic, x as Expr, y as Expr);
    expect([z.dtype, z.shape]).toEqual([dtype, ["batch", 3]]);
    const xs = [0.5, -1.25];
    const ys = [2, -0.5, 0.75];
    const out = evaluate(graphOf({ z }), { x: tensor(xs, [2, 1]), y: tensor(ys) }).z.data;
    const expected = xs.flatMap((a) => ys.map((b) => formula(numberArithmetic, a, b)));
    // Constants of a float32 expression are rounded to it.
    expect([...(out as Float64Array)]).toEqual(
      expected.map((v) => expect.closeTo(v, dtype === "float32" ? 6 : 13)),
    );
  }
});

test("arithmetic among constants is done at once, in float64", () => {
  const m = exprArithmetic;
  const e = m.mul(m.constant(3), m.exp(m.constant(1)));
  expect(e).toEqual(constant(3 * Math.E, "float64"));
});
