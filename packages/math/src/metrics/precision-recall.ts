import { squaredDistance } from "./squared-distance.ts";

/** How well generated points cover real ones, each in [0, 1] but density, which may pass 1. */
export interface PrecisionRecall {
  /** The share of generated points within some real point's neighbourhood. */
  readonly precision: number;
  /** The share of real points within some generated point's neighbourhood. */
  readonly recall: number;
  /** How many real neighbourhoods hold a generated point, over the neighbours; mean. */
  readonly density: number;
  /** The share of real points whose neighbourhood holds a generated point. */
  readonly coverage: number;
}

/**
 * Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of
 * generated points `[m, dim]` against real ones `[n, dim]`; a point's neighbourhood reaches as
 * far as its k-th nearest of its own set.
 *
 * @throws RangeError when a set has no more points than `neighbours`.
 */
export function precisionRecall(
  real: ArrayLike<number>,
  generated: ArrayLike<number>,
  dim: number,
  neighbours = 5,
): PrecisionRecall {
  const n = real.length / dim;
  const m = generated.length / dim;
  for (const count of [n, m]) {
    if (!(Number.isInteger(count) && count > neighbours)) {
      throw new RangeError(`points must be [n, ${dim}] with n > ${neighbours}, got n = ${count}`);
    }
  }
  const reachReal = radii(real, dim, neighbours);
  const reachGenerated = radii(generated, dim, neighbours);
  const held = new Uint8Array(m);
  const recalled = new Uint8Array(n);
  const covered = new Uint8Array(n);
  let density = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      const distance = squaredDistance(real, i, generated, j, dim);
      if (distance <= reachReal[i]) {
        held[j] = 1;
        covered[i] = 1;
        density++;
      }
      if (distance <= reachGenerated[j]) recalled[i] = 1;
    }
  }
  const share = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0) / marks.length;
  return {
    precision: share(held),
    recall: share(recalled),
    density: density / (neighbours * m),
    coverage: share(covered),
  };
}

function radii(points: ArrayLike<number>, dim: number, neighbours: number): Float64Array {
  const n = points.length / dim;
  const distances = new Float64Array(n);
  return Float64Array.from({ length: n }, (_, i) => {
    for (let j = 0; j < n; j++) distances[j] = squaredDistance(points, i, points, j, dim);
    // The nearest is the point itself.
    return distances.slice().sort()[neighbours];
  });
}
