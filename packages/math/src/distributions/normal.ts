import { HALF_LOG_TWO_PI } from "../gaussian-terms.ts";
import { ArgumentError } from "../gen-error.ts";
import { klSpread } from "../special-functions.ts";

/** The parameters of a Gaussian: its mean and its standard deviation. */
export interface Normal {
  /** The mean. */
  readonly mean: number;
  /** The standard deviation, positive. */
  readonly sigma: number;
}

const sigmaOf = ({ sigma }: Normal): number => {
  if (sigma > 0 && sigma < Infinity) return sigma;
  throw new ArgumentError(`sigma must be positive and finite, got ${sigma}`);
};

/**
 * A sample from a standard normal draw: `mean + sigma * epsilon`.
 *
 * @param p The distribution.
 * @param epsilon A standard normal draw.
 * @throws RangeError when a standard deviation is not positive and finite.
 */
export function sample(p: Normal, epsilon: number): number {
  return p.mean + sigmaOf(p) * epsilon;
}

/**
 * `log p(x)` in nats: `-log(sigma) - log(2 pi) / 2 - (x - mean)^2 / (2 sigma^2)`.
 *
 * @param p The distribution.
 * @param x The value.
 * @throws RangeError when a standard deviation is not positive and finite.
 */
export function logProb(p: Normal, x: number): number {
  const z = (x - p.mean) / sigmaOf(p);
  return -(Math.log(p.sigma) + HALF_LOG_TWO_PI + 0.5 * z * z);
}

/**
 * The entropy in nats: `log(sigma) + (1 + log(2 pi)) / 2`.
 *
 * @param p The distribution.
 * @throws RangeError when a standard deviation is not positive and finite.
 */
export function entropy(p: Normal): number {
  return Math.log(sigmaOf(p)) + (HALF_LOG_TWO_PI + 0.5);
}

/**
 * The cross entropy `-E_p[log q]` in nats.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when a standard deviation is not positive and finite.
 */
export function crossEntropy(p: Normal, q: Normal): number {
  const ratio = sigmaOf(p) / sigmaOf(q);
  const z = (p.mean - q.mean) / q.sigma;
  return Math.log(q.sigma) + HALF_LOG_TWO_PI + 0.5 * (ratio * ratio + z * z);
}

/**
 * `KL(p || q)` in nats:
 * `log(sigma_q / sigma_p) + (sigma_p^2 + (mean_p - mean_q)^2) / (2 sigma_q^2) - 1/2`,
 * as a sum of two terms, neither negative, so that nearly equal Gaussians keep their digits.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when a standard deviation is not positive and finite.
 */
export function kl(p: Normal, q: Normal): number {
  const z = (p.mean - q.mean) / sigmaOf(q);
  return klSpread(sigmaOf(p), q.sigma) + 0.5 * z * z;
}
