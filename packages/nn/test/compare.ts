import { type Expr, graphOf, type Tensor, tensor, tensorNumbers } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { expect } from "vitest";

/** A tensor in the reference files. */
export interface Plain {
  shape: number[];
  data: number[];
}

export const plainTensor = (
  { shape, data }: Plain,
  dtype: "float32" | "int64" = "float32",
): Tensor => tensor(data, shape, dtype);

/** Expects each number within `tolerance`, relative above 1 and absolute below. */
export function expectClose(got: Tensor, want: Plain, tolerance: number): void {
  expect([...got.shape]).toEqual(want.shape);
  const numbers = Array.from(tensorNumbers(got));
  let worst = 0;
  for (const [i, value] of want.data.entries()) {
    worst = Math.max(worst, Math.abs(numbers[i] - value) / Math.max(1, Math.abs(value)));
  }
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** The value of one expression in float64. */
export const computed = (e: Expr, inputs: Record<string, Tensor> = {}): Tensor =>
  evaluate(graphOf({ value: e }), inputs).value;
