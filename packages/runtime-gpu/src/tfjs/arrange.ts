import type * as tfjs from "@tensorflow/tfjs";
import type { Tf } from "./kernel.ts";

type T = tfjs.Tensor;

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** `x` as `[before, axis, after]`: kernels along one axis then never meet a rank limit. */
export function aroundAxis(tf: Tf, x: T, axis: number): tfjs.Tensor3D {
  const { shape } = x;
  return tf.reshape(x, [size(shape.slice(0, axis)), shape[axis], size(shape.slice(axis + 1))]);
}

/** Reorders axes; axes that stay neighbors are moved as one. */
export function transpose(tf: Tf, x: T, permutation: readonly number[]): T {
  const runs: number[][] = [];
  for (const axis of permutation) {
    const last = runs.at(-1);
    if (x.shape[axis] === 1) continue;
    // Axes of length 1 carry nothing, so neighbors may have some between them.
    if (last && nextLong(x.shape, last.at(-1) as number) === axis) last.push(axis);
    else runs.push([axis]);
  }
  const shape = permutation.map((axis) => x.shape[axis]);
  if (runs.length < 2) return tf.reshape(x, shape);
  const sorted = [...runs].sort((a, b) => a[0] - b[0]);
  const merged = sorted.map((run) => size(run.map((axis) => x.shape[axis])));
  const order = runs.map((run) => sorted.indexOf(run));
  return tf.reshape(tf.transpose(tf.reshape(x, merged), order), shape);
}

function nextLong(shape: readonly number[], axis: number): number {
  let next = axis + 1;
  while (shape[next] === 1) next++;
  return next;
}

/** Repeats along axes of length 1 up to `shape`; neighboring axes are repeated as one. */
export function expand(tf: Tf, x: T, shape: readonly number[]): T {
  const from = [...Array(shape.length - x.shape.length).fill(1), ...x.shape];
  const merged: number[] = [];
  const times: number[] = [];
  let kind: boolean | undefined;
  shape.forEach((to, i) => {
    if (to === 1) return;
    const repeats = from[i] !== to;
    if (repeats !== kind) {
      merged.push(1);
      times.push(1);
    }
    kind = repeats;
    (repeats ? times : merged)[times.length - 1] *= to;
  });
  if (times.every((n) => n === 1)) return tf.reshape(x, [...shape]);
  return tf.reshape(tf.tile(tf.reshape(x, merged), times), [...shape]);
}
