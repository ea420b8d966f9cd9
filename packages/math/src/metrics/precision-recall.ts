import { pointCount, squaredDistance } from "./points.ts";

/** How well generated points cover real ones: values in [0, 1], except density, at least 0. */
export interface PrecisionRecall {
  /** The share of generated points within some real point's neighborhood. */
  readonly precision: number;
  /** The share of real points within some generated point's neighborhood. */
  readonly recall: number;
  /** The mean number of real neighborhoods that hold a generated point, over `neighbors`. */
  readonly density: number;
  /** The share of real points whose neighborhood holds a generated point. */
  readonly coverage: number;
}

/**
 * Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of
 * generated points `[m, dim]` against real ones `[n, dim]`. A point's neighborhood reaches to the
 * k-th nearest point of its own set, k being `neighbors`, and ends before it: a set against itself
 * has density 1. They tell lost modes (recall, coverage) from unreal samples (precision, density).
 *
 * @param real Points of the data, `[n, dim]` row-major.
 * @param generated Points of the model, `[m, dim]`.
 * @param dim The numbers of one point.
 * @param neighbors How many neighbors a point's neighborhood reaches to.
 * @throws RangeError when a set has no more points than `neighbors`, or its length is no multiple
 * of dim.
 */
export function precisionRecall(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dim: number,
  neighbors = 5,
): PrecisionRecall {
  const n = pointCount(real, dim, neighbors);
  const m = pointCount(generated, dim, neighbors);
  const reachReal = radii(real, dim, neighbors);
  const reachGenerated = radii(generated, dim, neighbors);
  const precise = new Uint8Array(m);
  const recalled = new Uint8Array(n);
  const covered = new Uint8Array(n);
  let density = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      const distance = squaredDistance(real, i, generated, j, dim);
      if (distance < reachReal[i]) {
        precise[j] = 1;
        covered[i] = 1;
        density++;
      }
      if (distance < reachGenerated[j]) recalled[i] = 1;
    }
  }
  const share = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0) / marks.length;
  return {
    precision: share(precise),
    recall: share(recalled),
    density: density / (neighbors * m),
    coverage: share(covered),
  };
}

function radii(points: ArrayLike<number>, dim: number, neighbors: number): Float64Array {
  const n = points.length / dim;
  const distances = new Float64Array(n);
  return Float64Array.from({ length: n }, (_, i) => {
    for (let j = 0; j < n; j++) distances[j] = squaredDistance(points, i, points, j, dim);
    // The nearest is the point itself.
    return distances.slice().sort()[neighbors];
  });
}
