import { ArgumentError } from "../gen-error.ts";
import { traceOfRoot } from "../linear-algebra/trace-of-root.ts";
import { type Moments, momentsOf } from "./moments.ts";

/**
 * The Frechet distance between Gaussians fitted to two feature sets `[n, dim]` and `[m, dim]`:
 * `|mean_a - mean_b|^2 + trace(C_a + C_b - 2 (C_a C_b)^(1/2))`, covariances over n - 1. On the
 * features of an Inception network it is the FID (Heusel et al. 2017).
 *
 * @param a Features, `[n, dim]` row-major.
 * @param b Other features, `[m, dim]`.
 * @param dim The numbers of one point.
 * @throws RangeError when a set has fewer than 2 points or its length is no multiple of dim.
 */
export function frechetDistance(a: ArrayLike<number>, b: ArrayLike<number>, dim: number): number {
  return frechetOfMoments(momentsOf(a, dim), momentsOf(b, dim));
}

/**
 * The Frechet distance between Gaussians, from the moments of two feature sets, which
 * `mergeMoments` may have joined from parts.
 *
 * @param a The moments of a set of at least 2 points.
 * @param b The moments of another set.
 * @throws RangeError when a set has fewer than 2 points, or their dimensions differ.
 */
export function frechetOfMoments(a: Moments, b: Moments): number {
  const dim = a.mean.length;
  for (const { count, mean } of [a, b]) {
    if (count > 1 && mean.length === dim) continue;
    throw new ArgumentError(
      `points must be [n, ${dim}] with n > 1, got [${count}, ${mean.length}]`,
    );
  }
  const covariance = ({ scatter, count }: Moments) => scatter.map((value) => value / (count - 1));
  const [covarianceA, covarianceB] = [covariance(a), covariance(b)];
  let total = -2 * traceOfRoot(covarianceA, covarianceB, dim);
  for (let i = 0; i < dim; i++) {
    total += (a.mean[i] - b.mean[i]) ** 2 + covarianceA[i * (dim + 1)] + covarianceB[i * (dim + 1)];
  }
  return total;
}
