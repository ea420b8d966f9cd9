import { pointCount } from "./points.ts";

/**
 * The Frechet distance between Gaussians fitted to two feature sets `[n, dim]` and `[m, dim]`:
 * `|mean_a - mean_b|^2 + trace(C_a + C_b - 2 sqrt(sqrt(C_a) C_b sqrt(C_a)))`, covariances over
 * n - 1. On the features of an Inception network it is the FID (Heusel et al. 2017).
 *
 * @param a Features, `[n, dim]` row-major.
 * @param b Other features, `[m, dim]`.
 * @param dim The numbers of one point.
 * @throws RangeError when a set has fewer than 2 points or its length is no multiple of dim.
 */
export function frechetDistance(a: ArrayLike<number>, b: ArrayLike<number>, dim: number): number {
  const [meanA, covarianceA] = moments(a, dim);
  const [meanB, covarianceB] = moments(b, dim);
  const { values, vectors } = symmetricEigen(covarianceA, dim);
  const scaled = vectors.map((v, k) => v * Math.sqrt(Math.max(values[k % dim], 0)));
  const root = timesTransposed(scaled, vectors, dim);
  // root and C_b are symmetric, so this is root C_b root.
  const inner = timesTransposed(timesTransposed(root, covarianceB, dim), root, dim);
  let total = 0;
  for (let i = 0; i < dim; i++) {
    const gap = meanA[i] - meanB[i];
    total += gap * gap + covarianceA[i * dim + i] + covarianceB[i * dim + i];
  }
  for (const value of symmetricEigen(inner, dim).values) total -= 2 * Math.sqrt(Math.max(value, 0));
  return total;
}

function moments(points: ArrayLike<number>, dim: number): [Float64Array, Float64Array] {
  const n = pointCount(points, dim, 1);
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

// `a b^T` of matrices `[n, n]`.
function timesTransposed(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k] * b[j * n + k];
      out[i * n + j] = sum;
    }
  }
  return out;
}

// The eigenvalues and eigenvectors of a symmetric matrix `[n, n]`, by Jacobi's rotations. Column k
// of `vectors` belongs to `values[k]`.
function symmetricEigen(matrix: Float64Array, n: number) {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let all = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const square = a[i * n + j] ** 2;
        all += square;
        if (i !== j) off += square;
      }
    }
    if (off <= 1e-32 * all) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
    }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), vectors };
}

// One rotation that makes entry [p, q] zero.
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const entry = a[p * n + q];
  if (entry === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * entry);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (m: Float64Array, i: number, j: number) => {
    const [x, y] = [m[i], m[j]];
    m[i] = c * x - s * y;
    m[j] = s * x + c * y;
  };
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k);
  for (let k = 0; k < n; k++) turn(vectors, k * n + p, k * n + q);
}
