import { expect } from "vitest";
import { compileEvaluation, evaluate } from "../src/evaluate.ts";
import {
  type Expr,
  gradients,
  graphOf,
  input,
  mul,
  type Shape,
  sum,
  type Tensor,
  tensor,
} from "../src/index.ts";

/** Reproducible numbers in (-1, 1) without ties. */
export function numbers(count: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, i) => {
    const v = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (v - Math.floor(v)) - 1;
  });
}

export const float64 = (values: ArrayLike<number>, shape: readonly number[]): Tensor =>
  tensor(Float64Array.from(values), shape, "float64");

export const random = (shape: readonly number[], seed = 1): Tensor =>
  float64(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  );

export interface Operand {
  /** The shape that the graph sees; default `value.shape`. */
  shape?: Shape;
  value: Tensor;
}

/**
 * Compares `gradients` of a randomly weighted sum of `f` with central differences, for every element of
 * every operand (up to `most` of each), to `tolerance` relative to 1 or the derivative's size.
 */
export function checkGradients(
  f: (...xs: Expr[]) => Expr,
  operands: readonly (Operand | Tensor)[],
  { tolerance = 2e-7, step = 1e-5, most = 40 } = {},
): void {
  const values = operands.map((o) => ("value" in o ? o.value : o));
  const xs = operands.map((o, i) =>
    input(`x${i}`, {
      shape: ("value" in o ? o.shape : undefined) ?? values[i].shape,
      dtype: "float64",
    }),
  );
  const y = f(...xs);
  const feeds = Object.fromEntries(values.map((v, i) => [`x${i}`, v]));
  const shape = evaluate(graphOf({ y }, xs), feeds).y.shape;
  const weights = input("weights", { shape: y.shape, dtype: "float64" });
  const all = { ...feeds, weights: random(shape, 99) };
  const loss = sum(mul(y, weights));
  const found = gradients(loss, xs);
  found.forEach((g, i) => {
    expect(g.shape).toEqual(xs[i].shape);
    expect(g.dtype).toBe("float64");
  });
  const named = Object.fromEntries(found.map((g, i) => [`g${i}`, g]));
  const analytic = evaluate(graphOf(named, [...xs, weights]), all);
  const lossAt = compileEvaluation(graphOf({ loss }, [...xs, weights]));
  values.forEach((value, i) => {
    const size = value.data.length;
    const stride = Math.max(1, Math.floor(size / most));
    for (let k = 0; k < size; k += stride) {
      const at = (delta: number) => {
        const data = Float64Array.from(value.data as Float64Array);
        data[k] += delta;
        return lossAt({ ...all, [`x${i}`]: float64(data, value.shape) }).loss.data[0] as number;
      };
      const numeric = (at(step) - at(-step)) / (2 * step);
      const exact = analytic[`g${i}`].data[k] as number;
      const error = Math.abs(numeric - exact) / Math.max(1, Math.abs(exact));
      expect(error, `x${i}[${k}]: ${exact}, by differences ${numeric}`).toBeLessThan(tolerance);
    }
  });
}
