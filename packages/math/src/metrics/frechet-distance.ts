import { symmetricEigen } from "../linear-algebra/symmetric-eigen.ts";

/**
 * The Frechet distance between Gaussians fitted to two feature sets `[n, dim]` and `[m, dim]`
 * (Heusel et al. 2017):
 * `|mean_a - mean_b|^2 + trace(C_a + C_b - 2 sqrt(sqrt(C_a) C_b sqrt(C_a)))`,
 * covariances over n - 1.
 *
 * @throws RangeError when a set has fewer than 2 points or its length is no multiple of dim.
 */
export function frechetDistance(a: ArrayLike<number>, b: ArrayLike<number>, dim: number): number {
  const [meanA, covarianceA] = moments(a, dim);
  const [meanB, covarianceB] = moments(b, dim);
  const { values, vectors } = symmetricEigen(covarianceA, dim);
  const root = congruent(vectors, (i, j) => (i === j ? Math.sqrt(Math.max(values[i], 0)) : 0), dim);
  // Columns of the symmetric root are its rows, so this is root C_b root.
  const inner = congruent(root, (i, j) => covarianceB[i * dim + j], dim);
  let total = 0;
  for (let i = 0; i < dim; i++) {
    const gap = meanA[i] - meanB[i];
    total += gap * gap + covarianceA[i * dim + i] + covarianceB[i * dim + i];
  }
  for (const value of symmetricEigen(inner, dim).values) total -= 2 * Math.sqrt(Math.max(value, 0));
  return total;
}

function moments(points: ArrayLike<number>, dim: number): [Float64Array, Float64Array] {
  const n = points.length / dim;
  if (!(Number.isInteger(n) && n > 1)) {
    throw new RangeError(`points must be [n, ${dim}] with n > 1, got ${points.length} numbers`);
  }
  const mean = new Float64Array(dim);
  for (let i = 0; i < points.length; i++) mean[i % dim] += points[i] / n;
  const covariance = new Float64Array(dim * dim);
  const gap = new Float64Array(dim);
  for (let row = 0; row < points.length; row += dim) {
    for (let i = 0; i < dim; i++) gap[i] = points[row + i] - mean[i];
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j < dim; j++) covariance[i * dim + j] += (gap[i] * gap[j]) / (n - 1);
    }
  }
  return [mean, covariance];
}

// outer * middle * outer^T
function congruent(
  outer: Float64Array,
  middle: (i: number, j: number) => number,
  n: number,
): Float64Array {
  const half = product(
    outer,
    Float64Array.from({ length: n * n }, (_, k) => middle(Math.floor(k / n), k % n)),
    n,
    false,
  );
  return product(half, outer, n, true);
}

function product(a: Float64Array, b: Float64Array, n: number, transposed: boolean): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k] * b[transposed ? j * n + k : k * n + j];
      out[i * n + j] = sum;
    }
  }
  return out;
}
