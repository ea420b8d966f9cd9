import { ArgumentError } from "../gen-error.ts";
import { add, type DoubleDouble, div, mul, neg, sqrt } from "./double-double.ts";

/** A covariance as `D L L^T D`: powers of two `scales` `[n]` and a lower triangle, row by row. */
export interface CholeskyFactor {
  readonly scales: Float64Array;
  readonly rows: readonly (readonly DoubleDouble[])[];
}

/**
 * The Cholesky factor of a covariance `[n, n]` in double-double arithmetic, so that an
 * ill-conditioned matrix costs no digit of float64.
 *
 * @throws RangeError when the matrix is not square, not symmetric or not positive definite.
 */
export function cholesky(covariance: ArrayLike<number>, n: number): CholeskyFactor {
  if (covariance.length !== n * n) {
    throw new ArgumentError(`covariance must be [${n}, ${n}], got ${covariance.length} numbers`);
  }
  const scales = new Float64Array(n);
  for (let i = 0; i < n; i++) scales[i] = 2 ** Math.round(Math.log2(covariance[i * n + i]) / 2);
  const rows: DoubleDouble[][] = [];
  for (let i = 0; i < n; i++) {
    const row: DoubleDouble[] = [];
    for (let j = 0; j <= i; j++) {
      const entry = covariance[i * n + j];
      if (entry !== covariance[j * n + i]) {
        throw new ArgumentError(`covariance must be symmetric, got ${entry} at ${i}`);
      }
      let sum: DoubleDouble = [entry / scales[i] / scales[j], 0];
      const other = i === j ? row : rows[j];
      for (let k = 0; k < j; k++) sum = add(sum, neg(mul(row[k], other[k])));
      if (i === j && !(sum[0] > 0 && sum[0] < Infinity)) {
        throw new ArgumentError(
          `covariance must be positive definite, got pivot ${sum[0]} at ${i}`,
        );
      }
      row.push(i === j ? sqrt(sum) : div(sum, other[j]));
    }
    rows.push(row);
  }
  return { scales, rows };
}

/** Solves `L y = right` for the factor's triangle `L`, from the front. */
export function solveLower(
  { rows }: CholeskyFactor,
  right: readonly DoubleDouble[],
): DoubleDouble[] {
  const out: DoubleDouble[] = [];
  for (let i = 0; i < rows.length; i++) {
    let sum = right[i];
    for (let k = 0; k < i; k++) sum = add(sum, neg(mul(rows[i][k], out[k])));
    out.push(div(sum, rows[i][i]));
  }
  return out;
}

/** Half the logarithm of the covariance's determinant. */
export function halfLogDeterminant({ scales, rows }: CholeskyFactor): number {
  let sum = 0;
  rows.forEach((row, i) => {
    sum += Math.log(row[i][0]) + row[i][1] / row[i][0] + Math.log(scales[i]);
  });
  return sum;
}
