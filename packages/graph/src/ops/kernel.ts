import type { ExprOf } from "../expr/expr.ts";
import type { Op } from "../expr/operations.ts";

/** An intermediate value: every dtype is held as float64 numbers, booleans as 0 and 1. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Arrays that are reused from one operation to the next; what `take` gives holds old numbers. */
export interface Memory {
  take(size: number): Float64Array;
  give(array: Float64Array): void;
}

/**
 * Computes `node` on `inputs`; `shape` is the node's own, with every name resolved.
 * It may return the array of an input, unchanged, where only the shape or the dtype differs.
 */
export type Kernel<O extends Op> = (
  node: ExprOf<O>,
  inputs: readonly Value[],
  shape: readonly number[],
  memory: Memory,
) => Float64Array;

/** A kernel for each of several operations. */
export type Kernels<O extends Op> = { readonly [P in O]: Kernel<P> };

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (let d = 0; d < shape.length; d++) size *= shape[d];
  return size;
}
