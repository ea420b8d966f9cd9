import { ArgumentError } from "../gen-error.ts";
import {
  type CholeskyFactor,
  cholesky,
  halfLogDeterminant,
  solveLower,
} from "../linear-algebra/cholesky.ts";
import { add, type DoubleDouble, twoSum } from "../linear-algebra/double-double.ts";
import { klSpread, klSpreadNear } from "../special-functions.ts";

const HALF_LOG_TWO_PI = 0.9189385332046727;

/** A Gaussian with full covariance: mean `[n]`, covariance `[n, n]` row by row, symmetric. */
export interface MultivariateNormal {
  /** `[n]`. */
  readonly mean: ArrayLike<number>;
  /** `[n, n]` row by row, symmetric and positive definite. */
  readonly covariance: ArrayLike<number>;
}

/** The Cholesky factor of a covariance; `x` must be as long as the mean. */
function factorOf({ mean, covariance }: MultivariateNormal, x = mean): CholeskyFactor {
  if (x.length === mean.length) return cholesky(covariance, mean.length);
  throw new ArgumentError(`mean must be [${x.length}], got ${mean.length} numbers`);
}

/**
 * A sample `[n]` from standard normal draws `[n]`: `mean + L epsilon`, `L` the Cholesky factor.
 *
 * @param p The distribution.
 * @param epsilon Standard normal draws, `[n]`.
 * @throws RangeError when lengths differ or a covariance is not positive definite.
 */
export function sample(p: MultivariateNormal, epsilon: ArrayLike<number>): Float64Array {
  const { scales, rows } = factorOf(p, epsilon);
  return Float64Array.from(rows, (row, i) => {
    const sum = row.reduce((total, entry, j) => total + entry[0] * epsilon[j], 0);
    return p.mean[i] + scales[i] * sum;
  });
}

/**
 * `log p(x)` in nats for `x` `[n]`.
 *
 * @param p The distribution.
 * @param x The values, `[n]`.
 * @throws RangeError when lengths differ or a covariance is not positive definite.
 */
export function logProb(p: MultivariateNormal, x: ArrayLike<number>): number {
  const factor = factorOf(p, x);
  const constant = p.mean.length * HALF_LOG_TWO_PI + halfLogDeterminant(factor);
  return -(constant + 0.5 * squaredGap(factor, x, p.mean));
}

/**
 * The entropy in nats: `n (1 + log(2 pi)) / 2 + log(det covariance) / 2`.
 *
 * @param p The distribution.
 * @throws RangeError when lengths differ or a covariance is not positive definite.
 */
export function entropy(p: MultivariateNormal): number {
  return p.mean.length * (HALF_LOG_TWO_PI + 0.5) + halfLogDeterminant(factorOf(p));
}

/**
 * The cross entropy `-E_p[log q]` in nats.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when lengths differ or a covariance is not positive definite.
 */
export function crossEntropy(p: MultivariateNormal, q: MultivariateNormal): number {
  const factor = factorOf(q, p.mean);
  let squares = squaredGap(factor, p.mean, q.mean);
  for (const entry of ratio(factorOf(p), factor).flat()) squares += entry[0] ** 2;
  return q.mean.length * HALF_LOG_TWO_PI + halfLogDeterminant(factor) + 0.5 * squares;
}

/**
 * `KL(p || q)` in nats, from `M = L_q^-1 L_p`: half the squares below its diagonal, the KL of
 * each diagonal entry as a ratio of deviations, and half the squared gap of the means in units of
 * q. No term is negative.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when lengths differ or a covariance is not positive definite.
 */
export function kl(p: MultivariateNormal, q: MultivariateNormal): number {
  const factor = factorOf(q, p.mean);
  let total = 0.5 * squaredGap(factor, p.mean, q.mean);
  for (const [diagonal, ...below] of ratio(factorOf(p), factor)) {
    const u = add(diagonal, [-1, 0])[0];
    total += Math.abs(u) < 0.5 ? klSpreadNear(u) : klSpread(diagonal[0], 1);
    for (const [entry] of below) total += 0.5 * entry * entry;
  }
  return total;
}

// The columns of L_q^-1 L_p, each from its diagonal down.
function ratio(p: CholeskyFactor, q: CholeskyFactor): DoubleDouble[][] {
  return p.rows.map((_, j) => {
    const column = p.rows.map((row, i): DoubleDouble => {
      const scale = p.scales[i] / q.scales[i];
      return i < j ? [0, 0] : [row[j][0] * scale, row[j][1] * scale];
    });
    return solveLower(q, column).slice(j);
  });
}

function squaredGap(q: CholeskyFactor, a: ArrayLike<number>, b: ArrayLike<number>): number {
  const gap = Array.from(a, (value, i): DoubleDouble => {
    const [high, low] = twoSum(value, -b[i]);
    return [high / q.scales[i], low / q.scales[i]];
  });
  return solveLower(q, gap).reduce((sum, [high]) => sum + high * high, 0);
}
