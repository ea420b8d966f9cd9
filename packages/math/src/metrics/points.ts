import { ArgumentError } from "../gen-error.ts";

/**
 * The number n of points in a set `[n, dim]`.
 *
 * @throws RangeError unless n is an integer above `above`.
 */
export function pointCount({ length }: ArrayLike<number>, dim: number, above: number): number {
  const n = length / dim;
  if (Number.isInteger(n) && n > above) return n;
  throw new ArgumentError(`points must be [n, ${dim}] with n > ${above}, got ${length} numbers`);
}

/** The squared distance of point i of `a` `[n, dim]` and point j of `b` `[m, dim]`. */
export function squaredDistance(
  a: ArrayLike<number>,
  i: number,
  b: ArrayLike<number>,
  j: number,
  dim: number,
): number {
  let sum = 0;
  for (let k = 0; k < dim; k++) {
    const gap = a[i * dim + k] - b[j * dim + k];
    sum += gap * gap;
  }
  return sum;
}
