import { ArgumentError } from "../gen-error.ts";
import { pointCount, squaredDistance } from "./points.ts";

/** A kernel of two points, given by the square of their distance. */
export type RadialKernel = (squaredDistance: number) => number;

/**
 * The Gaussian kernel `exp(-|x - y|^2 / (2 bandwidth^2))`.
 *
 * @param bandwidth The standard deviation of the kernel, positive, in the units of the points.
 * @throws RangeError when the bandwidth is not positive.
 */
export function rbfKernel(bandwidth: number): RadialKernel {
  if (!(bandwidth > 0)) throw new ArgumentError(`bandwidth must be positive, got ${bandwidth}`);
  const scale = -0.5 / (bandwidth * bandwidth);
  return (squared) => Math.exp(scale * squared);
}

/**
 * The squared maximum mean discrepancy between point sets `[n, dim]` and `[m, dim]`, unbiased
 * (Gretton et al. 2012, eq. 3): the value may be slightly negative for sets that are alike. It
 * compares samples with data without a network's features.
 *
 * @param a A set of points, `[n, dim]` row-major.
 * @param b Another set, `[m, dim]`.
 * @param dim The numbers of one point.
 * @param kernel The kernel of two points, such as `rbfKernel` gives.
 * @throws RangeError when a set has fewer than 2 points or its length is no multiple of dim.
 */
export function mmd(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  dim: number,
  kernel: RadialKernel = rbfKernel(1),
): number {
  const n = pointCount(a, dim, 1);
  const m = pointCount(b, dim, 1);
  const points = new Float64Array(a.length + b.length);
  points.set(a);
  points.set(b, a.length);
  return unbiasedMmd(n, m, (i, j) => kernel(squaredDistance(points, i, points, j, dim)));
}

/** The same from a kernel of point i and point j, of n points followed by m of the other set. */
export function unbiasedMmd(
  n: number,
  m: number,
  kernel: (i: number, j: number) => number,
): number {
  // The mean of the kernel over pairs of different points of one set.
  const within = (from: number, count: number) => {
    let sum = 0;
    for (let i = from; i < from + count; i++) {
      for (let j = from; j < i; j++) sum += kernel(i, j);
    }
    return (2 * sum) / (count * (count - 1));
  };
  let between = 0;
  for (let i = 0; i < n; i++) {
    for (let j = n; j < n + m; j++) between += kernel(i, j);
  }
  return within(0, n) + within(n, m) - 2 * (between / (n * m));
}
