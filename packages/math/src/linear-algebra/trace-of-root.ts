/**
 * The trace of `(A B)^(1/2)` of two covariances. With `A = L L^T` its square is similar to
 * `L^T B L`, which is symmetric: the trace is the sum of the roots of its eigenvalues.
 */

/** @returns The trace of `(a b)^(1/2)` of covariances `[n, n]`, of any rank. */
export function traceOfRoot(a: Float64Array, b: Float64Array, n: number): number {
  const rows = rootRows(a, n);
  const images = rows.map((row) => row.map((_, i) => dot(row, b.subarray(i * n, (i + 1) * n), 0)));
  const inner = rows.map((row) => Float64Array.from(images, (image) => dot(row, image, 0)));
  return eigenvalues(inner).reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
}

function dot(a: Float64Array, b: Float64Array, from: number): number {
  let sum = 0;
  for (let i = from; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Adds `factor * b` to `a` from an index on. */
function addScaled(a: Float64Array, factor: number, b: Float64Array, from = 0): void {
  for (let i = from; i < a.length; i++) a[i] += factor * b[i];
}

/**
 * Rows whose outer products sum to a covariance, as many as its rank (Cholesky's factor, largest
 * pivot first).
 */
function rootRows(covariance: Float64Array, n: number): Float64Array[] {
  const rest = Float64Array.from({ length: n }, (_, i) => covariance[i * n + i]);
  const negligible = n * Number.EPSILON * Math.max(...rest);
  const rows: Float64Array[] = [];
  while (rows.length < n) {
    const p = rest.indexOf(Math.max(...rest));
    if (!(rest[p] > negligible)) break;
    const row = covariance.slice(p * n, (p + 1) * n);
    for (const before of rows) addScaled(row, -before[p], before);
    const root = Math.sqrt(rest[p]);
    for (let i = 0; i < n; i++) {
      row[i] = rest[i] === -Infinity ? 0 : row[i] / root;
      rest[i] -= row[i] ** 2;
    }
    rest[p] = -Infinity;
    rows.push(row);
  }
  return rows;
}

/** The eigenvalues of a symmetric matrix, in any order. Overwrites the matrix. */
function eigenvalues(a: Float64Array[]): Float64Array {
  const n = a.length;
  // Householder's reflections leave a diagonal and its neighbor.
  const beside = new Float64Array(n);
  for (let k = 0; k + 1 < n; k++) {
    const v = a[k].slice();
    const length = Math.sqrt(dot(v, v, k + 1));
    beside[k] = v[k + 1] > 0 ? -length : length;
    v[k + 1] -= beside[k];
    const square = dot(v, v, k + 1);
    if (square === 0) continue;
    const w = v.map((_, i) => (i > k ? (2 * dot(v, a[i], k + 1)) / square : 0));
    addScaled(w, -dot(v, w, k + 1) / square, v, k + 1);
    for (let i = k + 1; i < n; i++) {
      addScaled(a[i], -v[i], w, k + 1);
      addScaled(a[i], -w[i], v, k + 1);
    }
  }
  const diagonal = Float64Array.from(a, (row, i) => row[i]);
  for (let l = 0; l < n; l++) {
    for (let m = splitAt(diagonal, beside, l); m > l; m = splitAt(diagonal, beside, l))
      chase(diagonal, beside, l, m);
  }
  return diagonal;
}

/** The first index from l on whose neighbor is negligible. */
function splitAt(diagonal: Float64Array, beside: Float64Array, l: number): number {
  let m = l;
  while (m + 1 < diagonal.length) {
    const near = Math.abs(diagonal[m]) + Math.abs(diagonal[m + 1]);
    if (near + Math.abs(beside[m]) === near) break;
    m++;
  }
  return m;
}

/** One step of the QL algorithm with implicit shift on rows l to m (Golub and Van Loan, 8.3). */
function chase(d: Float64Array, e: Float64Array, l: number, m: number): void {
  const slope = (d[l + 1] - d[l]) / (2 * e[l]);
  let g = d[m] - d[l] + e[l] / (slope + (slope < 0 ? -1 : 1) * Math.hypot(slope, 1));
  let [s, c, p] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const [f, b] = [s * e[i], c * e[i]];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    [s, c] = [f / r, g / r];
    g = d[i + 1] - p;
    const turn = (d[i] - g) * s + 2 * c * b;
    p = s * turn;
    d[i + 1] = g + p;
    g = c * turn - b;
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}
