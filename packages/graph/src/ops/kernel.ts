import type { ExprOf } from "../expr/expr.ts";
import type { Op } from "../expr/operations.ts";

/** An intermediate value: numbers of every dtype as float64, booleans as 0 and 1. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Arrays that operations reuse; an array from `take` holds old numbers. */
export interface Memory {
  take(size: number): Float64Array;
  give(array: Float64Array): void;
}

/**
 * Computes `node` on `inputs`; `shape` is the node's own, with every name resolved.
 * It may return the unchanged array of an input when only the shape or the dtype differs.
 */
export type Kernel<O extends Op> = (
  node: ExprOf<O>,
  inputs: readonly Value[],
  shape: readonly number[],
  memory: Memory,
) => Float64Array;

/** A kernel for each of several operations. */
export type Kernels<O extends Op> = { readonly [P in O]: Kernel<P> };

/** The strides of a row-major array, in elements. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let size = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = size;
    size *= shape[d];
  }
  return strides;
}

/** The strides that read a row-major array of `shape` repeated to the shape `full`. */
export function broadcastStrides(shape: readonly number[], full: readonly number[]): number[] {
  const own = rowMajor(shape);
  const offset = full.length - shape.length;
  return full.map((length, d) => {
    const at = d - offset;
    return at < 0 || (shape[at] === 1 && length !== 1) ? 0 : own[at];
  });
}

/** Handles `n` elements of every operand: of operand k from `at[k]` on, `step[k]` apart. */
export type Run = (n: number, at: readonly number[], step: readonly number[]) => void;

/**
 * Visits the indices of `shape` in row-major order, in runs that are as long as the operands'
 * strides allow; `at` is where each operand starts.
 */
export function walk(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  run: Run,
  at: number[] = strides.map(() => 0),
): void {
  const lengths: number[] = [];
  const steps: number[][] = [];
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 0) return;
    if (shape[d] === 1) continue;
    const last = lengths.length - 1;
    if (last >= 0 && strides.every((s, k) => s[d] === steps[last][k] * lengths[last])) {
      lengths[last] *= shape[d];
    } else {
      lengths.push(shape[d]);
      steps.push(strides.map((s) => s[d]));
    }
  }
  if (lengths.length === 0) {
    lengths.push(1);
    steps.push(strides.map(() => 0));
  }
  const [n, ...outer] = lengths;
  const [inner, ...outerSteps] = steps;
  const count = outer.map(() => 0);
  for (;;) {
    run(n, at, inner);
    let d = 0;
    for (; d < outer.length; d++) {
      const step = outerSteps[d];
      count[d]++;
      if (count[d] < outer[d]) {
        for (let k = 0; k < at.length; k++) at[k] += step[k];
        break;
      }
      count[d] = 0;
      for (let k = 0; k < at.length; k++) at[k] -= step[k] * (outer[d] - 1);
    }
    if (d === outer.length) return;
  }
}

/** Copies a block of `shape` between two arrays with their own strides and starts. */
export function copyBlock(
  shape: readonly number[],
  from: Float64Array,
  fromStrides: readonly number[],
  fromStart: number,
  to: Float64Array,
  toStrides: readonly number[],
  toStart: number,
): void {
  const copy: Run = (n, [i, o], [di, d]) => {
    if (di === 1 && d === 1 && n > 16) to.set(from.subarray(i, i + n), o);
    else for (let k = 0; k < n; k++) to[o + k * d] = from[i + k * di];
  };
  walk(shape, [fromStrides, toStrides], copy, [fromStart, toStart]);
}
