import type { Arithmetic } from "./arithmetic.ts";

/** `log(2 pi)` and half of it. */
export const LOG_TWO_PI = 1.8378770664093453;
export const HALF_LOG_TWO_PI = LOG_TWO_PI / 2;

/**
 * A Gaussian sample as a function of its parameters: `mean + exp(logVariance / 2) * epsilon`
 * (Kingma and Welling 2014, section 2.4). Elementwise; `epsilon` is standard normal.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param mean The mean.
 * @param logVariance The logarithm of the variance.
 * @param epsilon A standard normal draw.
 */
export function reparameterize<T>(a: Arithmetic<T>, mean: T, logVariance: T, epsilon: T): T {
  return a.add(mean, a.mul(a.exp(a.mul(a.constant(0.5), logVariance)), epsilon));
}

/**
 * `KL(N(mean, exp(logVariance)) || N(0, 1))` in nats, elementwise:
 * `(mean^2 + exp(logVariance) - logVariance - 1) / 2` (Kingma and Welling 2014, appendix B).
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param mean The mean.
 * @param logVariance The logarithm of the variance.
 */
export function klStandardNormal<T>(a: Arithmetic<T>, mean: T, logVariance: T): T {
  return a.mul(a.constant(0.5), a.add(a.mul(mean, mean), expm1Minus(a, logVariance)));
}

/**
 * `KL(N(mean1, exp(logVariance1)) || N(mean2, exp(logVariance2)))` in nats, elementwise:
 * `(exp(d) - d - 1 + (mean1 - mean2)^2 exp(-logVariance2)) / 2`, `d = logVariance1 - logVariance2`.
 * The root of `exp(-logVariance2)` must be representable: log variances above -1400 in float64.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param mean1 The mean of the first Gaussian.
 * @param logVariance1 The log variance of the first Gaussian.
 * @param mean2 The mean of the second Gaussian.
 * @param logVariance2 The log variance of the second Gaussian.
 */
export function klNormal<T>(
  a: Arithmetic<T>,
  mean1: T,
  logVariance1: T,
  mean2: T,
  logVariance2: T,
): T {
  const spread = expm1Minus(a, a.sub(logVariance1, logVariance2));
  const shift = squaredGap(a, mean1, mean2, logVariance2);
  return a.mul(a.constant(0.5), a.add(spread, shift));
}

/**
 * `log N(x; mean, exp(logVariance))` in nats, elementwise:
 * `-(log(2 pi) + logVariance + (x - mean)^2 exp(-logVariance)) / 2`. The root of `exp(-logVariance)`
 * must be representable: log variances above -1400 in float64.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param x The values.
 * @param mean The mean.
 * @param logVariance The logarithm of the variance.
 */
export function normalLogProb<T>(a: Arithmetic<T>, x: T, mean: T, logVariance: T): T {
  const shift = squaredGap(a, x, mean, logVariance);
  return a.mul(a.constant(-0.5), a.add(a.add(a.constant(LOG_TWO_PI), logVariance), shift));
}

/**
 * `log Bernoulli(x; sigmoid(logits))` in nats, elementwise: `x * logits - softplus(logits)`.
 * `x` is in [0, 1]; for values in between this is minus the cross entropy. Logits are finite.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param logits The log odds of 1.
 * @param x The targets, in [0, 1].
 */
export function bernoulliLogProb<T>(a: Arithmetic<T>, logits: T, x: T): T {
  return a.sub(a.mul(x, logits), a.softplus(logits));
}

/** `exp(d) - 1 - d`. */
const expm1Minus = <T>(a: Arithmetic<T>, d: T): T =>
  a.expm1Minus?.(d) ?? a.sub(a.sub(a.exp(d), d), a.constant(1));

/** `(x - mean)^2 exp(-logVariance)`, squared last: the inverse variance alone may overflow. */
function squaredGap<T>(a: Arithmetic<T>, x: T, mean: T, logVariance: T): T {
  const z = a.mul(a.sub(x, mean), a.exp(a.mul(a.constant(-0.5), logVariance)));
  return a.mul(z, z);
}
