import { ArgumentError } from "../gen-error.ts";
import { randomStream } from "../random/random-stream.ts";
import { pointCount } from "./points.ts";

/**
 * The Wasserstein distance of order 2 between two samples on the line:
 * `sqrt(integral over u of (quantile_a(u) - quantile_b(u))^2)`, exact. Sizes may differ.
 *
 * @param a Numbers in any order.
 * @param b Other numbers.
 * @throws RangeError on an empty sample.
 */
export function wasserstein1d(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length === 0 || b.length === 0) {
    throw new ArgumentError(`samples must not be empty, got ${a.length} and ${b.length} points`);
  }
  return Math.sqrt(squaredDistance1d(Float64Array.from(a).sort(), Float64Array.from(b).sort()));
}

/** Options of {@link slicedWasserstein}. */
export interface SlicedWassersteinOptions {
  /** How many random directions. @defaultValue 256 */
  readonly directions?: number;
  /** Seed of the directions. @defaultValue 0 */
  readonly seed?: number;
}

/**
 * The sliced Wasserstein distance of order 2 between point sets `[n, dim]` and `[m, dim]`:
 * the square root of the mean, over random directions, of the squared 1-D distance between the
 * projections (Bonneel et al. 2015). In the units of the points.
 *
 * @param a A set of points, `[n, dim]` row-major.
 * @param b Another set, `[m, dim]`.
 * @param dim The numbers of one point.
 * @throws RangeError when a set is empty or its length is no multiple of dim.
 */
export function slicedWasserstein(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  dim: number,
  { directions = 256, seed = 0 }: SlicedWassersteinOptions = {},
): number {
  pointCount(a, dim, 0);
  pointCount(b, dim, 0);
  const stream = randomStream({ seed, purpose: "directions" });
  let total = 0;
  for (let k = 0; k < directions; k++) {
    const direction = stream.normal(dim);
    const norm = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    const unit = direction.map((value) => value / norm);
    total += squaredDistance1d(project(a, unit).sort(), project(b, unit).sort());
  }
  return Math.sqrt(total / directions);
}

function project(points: ArrayLike<number>, direction: Float64Array): Float64Array {
  const dim = direction.length;
  const out = new Float64Array(points.length / dim);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let j = 0; j < dim; j++) sum += points[i * dim + j] * direction[j];
    out[i] = sum;
  }
  return out;
}

// Of sorted samples. Quantile functions are steps: the integral is a sum over their merged steps.
function squaredDistance1d(a: Float64Array, b: Float64Array): number {
  let total = 0;
  if (a.length === b.length) {
    for (let i = 0; i < a.length; i++) total += (a[i] - b[i]) ** 2;
    return total / a.length;
  }
  // Positions in units of 1 / (a.length * b.length), so that they stay whole numbers.
  let [i, j, place] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const next = Math.min((i + 1) * b.length, (j + 1) * a.length);
    total += (next - place) * (a[i] - b[j]) ** 2;
    if (next === (i + 1) * b.length) i++;
    if (next === (j + 1) * a.length) j++;
    place = next;
  }
  return total / (a.length * b.length);
}
