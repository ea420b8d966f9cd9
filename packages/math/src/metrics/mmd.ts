import { squaredDistance } from "./squared-distance.ts";

/** A kernel of two points, given by the square of their distance. */
export type RadialKernel = (squaredDistance: number) => number;

/** The Gaussian kernel `exp(-|x - y|^2 / (2 bandwidth^2))`. */
export function rbfKernel(bandwidth: number): RadialKernel {
  if (!(bandwidth > 0)) throw new RangeError(`bandwidth must be positive, got ${bandwidth}`);
  const scale = -0.5 / (bandwidth * bandwidth);
  return (squared) => Math.exp(scale * squared);
}

/**
 * The squared maximum mean discrepancy between point sets `[n, dim]` and `[m, dim]`, unbiased
 * (Gretton et al. 2012, eq. 3), so it may be slightly negative where the sets are alike.
 *
 * @throws RangeError when a set has fewer than 2 points or its length is no multiple of dim.
 */
export function mmd(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  dim: number,
  kernel: RadialKernel = rbfKernel(1),
): number {
  for (const { length } of [a, b]) {
    if (!(length >= 2 * dim && length % dim === 0)) {
      throw new RangeError(`points must be [n, ${dim}] with n > 1, got ${length} numbers`);
    }
  }
  return within(a, dim, kernel) + within(b, dim, kernel) - 2 * between(a, b, dim, kernel);
}

function within(a: ArrayLike<number>, dim: number, kernel: RadialKernel): number {
  const n = a.length / dim;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) sum += kernel(squaredDistance(a, i, a, j, dim));
  }
  return (2 * sum) / (n * (n - 1));
}

function between(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  dim: number,
  kernel: RadialKernel,
): number {
  const n = a.length / dim;
  const m = b.length / dim;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) sum += kernel(squaredDistance(a, i, b, j, dim));
  }
  return sum / (n * m);
}
