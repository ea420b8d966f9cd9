import { refused } from "../arguments.ts";
import { pointCount, squaredDistance } from "./points.ts";

/** The nearest points of each query, nearest first. */
export interface Neighbors {
  /** Their indices, `[queries, count]`. */
  readonly indices: Uint32Array;
  /** Their distances, `[queries, count]`, in the units of the points. */
  readonly distances: Float64Array;
}

/**
 * Finds the nearest points of each query by Euclidean distance. A sample whose nearest training
 * item is almost itself was memorized.
 *
 * @param queries The points to find neighbors of, `[n, dim]` row-major.
 * @param points The points to search, `[m, dim]`.
 * @param dim The numbers of one point.
 * @param count How many neighbors of each query, at most m.
 * @throws RangeError when a set is empty, its length is no multiple of dim, or count is above m.
 */
export function nearestNeighbors(
  queries: ArrayLike<number>,
  points: ArrayLike<number>,
  dim: number,
  count = 1,
): Neighbors {
  const n = pointCount(queries, dim, 0);
  const m = pointCount(points, dim, 0);
  if (!(Number.isInteger(count) && count >= 1 && count <= m)) {
    throw refused("count", `a whole number in [1, ${m}]`, count);
  }
  const indices = new Uint32Array(n * count);
  const distances = new Float64Array(n * count).fill(Infinity);
  for (let i = 0; i < n; i++) {
    const last = (i + 1) * count - 1;
    for (let j = 0; j < m; j++) {
      const distance = squaredDistance(queries, i, points, j, dim);
      if (!(distance < distances[last])) continue;
      let at = last;
      for (; at > i * count && distances[at - 1] > distance; at--) {
        distances[at] = distances[at - 1];
        indices[at] = indices[at - 1];
      }
      distances[at] = distance;
      indices[at] = j;
    }
  }
  return { indices, distances: distances.map(Math.sqrt) };
}

/**
 * The median distance between two different points of a set, the usual bandwidth of `rbfKernel`
 * (Gretton et al. 2012, section 8). Only the first 500 points are looked at.
 *
 * @param points A set of at least 2 points, `[n, dim]` row-major.
 * @param dim The numbers of one point.
 * @throws RangeError when the set has fewer than 2 points or its length is no multiple of dim.
 */
export function medianDistance(points: ArrayLike<number>, dim: number): number {
  const n = Math.min(500, pointCount(points, dim, 1));
  const squares: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) squares.push(squaredDistance(points, i, points, j, dim));
  }
  return Math.sqrt(Float64Array.from(squares).sort()[squares.length >> 1]);
}
