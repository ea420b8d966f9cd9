import { ArgumentError } from "../gen-error.ts";
import { pointCount } from "./points.ts";

/** The count, mean and scatter of points: all that a Frechet distance needs of them. */
export interface Moments {
  /** How many points, at least 1. */
  readonly count: number;
  /** Their mean, `[dim]`. */
  readonly mean: Float64Array;
  /** The sum of the outer products of their deviations from the mean, `[dim, dim]`. */
  readonly scatter: Float64Array;
}

/**
 * The moments of a set of points.
 *
 * @param points A set of points, `[n, dim]` row-major.
 * @param dim The numbers of one point.
 * @throws RangeError when the set is empty or its length is no multiple of dim.
 */
export function momentsOf(points: ArrayLike<number>, dim: number): Moments {
  const count = pointCount(points, dim, 0);
  const mean = new Float64Array(dim);
  for (let i = 0; i < points.length; i++) mean[i % dim] += points[i] / count;
  const scatter = new Float64Array(dim * dim);
  const gap = new Float64Array(dim);
  for (let row = 0; row < points.length; row += dim) {
    for (let i = 0; i < dim; i++) gap[i] = points[row + i] - mean[i];
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j <= i; j++) scatter[i * dim + j] += gap[i] * gap[j];
    }
  }
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < i; j++) scatter[j * dim + i] = scatter[i * dim + j];
  }
  return { count, mean, scatter };
}

/**
 * The moments of two sets together, from those of each (Chan et al. 1979, eq. 2.1): the value does
 * not depend on how points are split into sets, up to rounding. So a set may be read in parts, or
 * by many workers.
 *
 * @param a The moments of a set.
 * @param b The moments of another set of as many dimensions.
 * @throws RangeError when the dimensions differ.
 */
export function mergeMoments(a: Moments, b: Moments): Moments {
  const dim = a.mean.length;
  if (b.mean.length !== dim) {
    throw new ArgumentError(`moments must be of ${dim} dimensions, got ${b.mean.length}`);
  }
  const count = a.count + b.count;
  const gap = a.mean.map((value, i) => b.mean[i] - value);
  const weight = (a.count * b.count) / count;
  return {
    count,
    mean: a.mean.map((value, i) => value + (gap[i] * b.count) / count),
    scatter: a.scatter.map((value, k) => {
      return value + b.scatter[k] + weight * (gap[Math.floor(k / dim)] * gap[k % dim]);
    }),
  };
}
