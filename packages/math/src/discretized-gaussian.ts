import type { Arithmetic } from "./arithmetic.ts";

/**
 * The standard normal distribution function, approximately:
 * `(1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
 */
export function approximateNormalCdf<T>(a: Arithmetic<T>, x: T): T {
  const cube = a.mul(a.constant(0.044715), a.mul(x, a.mul(x, x)));
  const tanh = a.tanh(a.mul(a.constant(Math.sqrt(2 / Math.PI)), a.add(x, cube)));
  return a.mul(a.constant(0.5), a.add(a.constant(1), tanh));
}

/**
 * `log p(x)` in nats, elementwise, of 8-bit values scaled to [-1, 1] (Ho et al. 2020, eq. 13): a
 * value's probability is a Gaussian's integral over the interval of width 1/127.5 around the value,
 * for -1 and 1 without an outer end. The distribution function is approximate; probabilities are at
 * least 1e-12.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param x The values, 8-bit levels scaled to [-1, 1].
 * @param mean The Gaussian's mean, in the units of x.
 * @param logScale The logarithm of the Gaussian's standard deviation.
 */
export function discretizedGaussianLogProb<T>(a: Arithmetic<T>, x: T, mean: T, logScale: T): T {
  const gap = a.sub(x, mean);
  const inverse = a.exp(a.neg(logScale));
  const half = a.constant(1 / 255);
  const above = approximateNormalCdf(a, a.mul(inverse, a.add(gap, half)));
  const below = approximateNormalCdf(a, a.mul(inverse, a.sub(gap, half)));
  // 1 above 0.999 and 0 at the next lower value: a comparison in terms of Arithmetic.
  const beyond = (value: T) => {
    const slope = a.mul(a.constant(1e4), a.sub(value, a.constant(0.999)));
    return a.maximum(a.minimum(slope, a.constant(1)), a.constant(0));
  };
  const upper = a.maximum(above, beyond(x));
  const lower = a.minimum(below, a.sub(a.constant(1), beyond(a.neg(x))));
  return a.log(a.maximum(a.sub(upper, lower), a.constant(1e-12)));
}
