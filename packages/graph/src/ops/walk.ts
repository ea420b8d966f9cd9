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

/** The strides that read a row-major array of `shape` as if it were repeated to the shape `full`. */
export function broadcastStrides(shape: readonly number[], full: readonly number[]): number[] {
  const own = rowMajor(shape);
  const offset = full.length - shape.length;
  return full.map((length, d) => {
    const at = d - offset;
    return at < 0 || (shape[at] === 1 && length !== 1) ? 0 : own[at];
  });
}

/** Handles `n` steps through every operand: from `at[k]` on, `step[k]` apart, for operand k. */
export type Run = (n: number, at: readonly number[], step: readonly number[]) => void;

/**
 * Visits the indices of `shape` in row-major order, as few and long runs along the last dimension
 * as the operands' strides allow; `at` is where each operand starts.
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
    run(
      1,
      at,
      strides.map(() => 0),
    );
    return;
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
  walk(
    shape,
    [fromStrides, toStrides],
    (n, [i, o], [di, d]) => {
      if (di === 1 && d === 1 && n > 16) to.set(from.subarray(i, i + n), o);
      else for (let k = 0; k < n; k++) to[o + k * d] = from[i + k * di];
    },
    [fromStart, toStart],
  );
}
