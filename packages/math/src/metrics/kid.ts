import { checkArguments, refused, rules } from "../arguments.ts";
import { randomStream } from "../random/random-stream.ts";
import { unbiasedMmd } from "./mmd.ts";
import { pointCount } from "./points.ts";

/** Options of {@link kid}. */
export interface KidOptions {
  /** How many random subsets of each set are compared. @defaultValue 100 */
  readonly subsets?: number;
  /** The points of a subset. @defaultValue 1000, or the size of the smaller set */
  readonly subsetSize?: number;
  /** Seed of the subsets. @defaultValue 0 */
  readonly seed?: number;
}

/**
 * The kernel Inception distance of feature sets `[n, dim]` and `[m, dim]` (Binkowski et al. 2018,
 * section 4): the unbiased squared MMD with the kernel `(x . y / dim + 1)^3`, as its mean over
 * random subsets and its standard deviation between them. Sets that are alike may score below 0.
 * Unlike a Frechet distance, its mean does not depend on the number of points.
 *
 * @param a Features, `[n, dim]` row-major.
 * @param b Other features, `[m, dim]`.
 * @param dim The numbers of one point.
 * @param options The subsets.
 * @throws RangeError when a set has fewer than 2 points or than a subset, or its length is no
 * multiple of dim.
 */
export function kid(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  dim: number,
  options: KidOptions = {},
): { readonly mean: number; readonly standardDeviation: number } {
  const most = Math.min(pointCount(a, dim, 1), pointCount(b, dim, 1));
  const { subsets = 100, subsetSize = Math.min(1000, most), seed = 0 } = options;
  checkArguments({ subsets, subsetSize }, { subsets: rules.COUNT, subsetSize: rules.COUNT });
  if (subsetSize < 2 || subsetSize > most)
    throw refused("subsetSize", `in [2, ${most}]`, subsetSize);
  const stream = randomStream({ seed, purpose: "subsets" });
  const points = new Float64Array(2 * subsetSize * dim);
  const fill = (set: ArrayLike<number>, at: number) => {
    const chosen = stream.permutation(set.length / dim);
    for (let i = 0; i < subsetSize * dim; i++) {
      points[at + i] = set[chosen[Math.floor(i / dim)] * dim + (i % dim)];
    }
  };
  const kernel = (i: number, j: number) => {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += points[i * dim + k] * points[j * dim + k];
    return (sum / dim + 1) ** 3;
  };
  const values = Float64Array.from({ length: subsets }, () => {
    fill(a, 0);
    fill(b, subsetSize * dim);
    return unbiasedMmd(subsetSize, subsetSize, kernel);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / subsets;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / subsets;
  return { mean, standardDeviation: Math.sqrt(square) };
}
