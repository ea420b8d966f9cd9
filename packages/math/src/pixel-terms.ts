/*
 * Log probabilities of pixels that are no Gaussians, once for numbers, arrays and expressions.
 * x is in [0, 1], and all results are in nats, elementwise.
 */
import type { Arithmetic } from "./arithmetic.ts";

/**
 * `log p(x)` of a continuous Bernoulli in nats, elementwise: a density on [0, 1]
 * (Loaiza-Ganem and Cunningham 2019, eq. 6 to 8).
 *
 * `x logits - log((e^logits - 1) / logits)`: `bernoulliLogProb` plus the logarithm of the paper's
 * constant `C`. Its derivative by the logits is x minus the distribution's mean.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param logits The log odds `log(lambda / (1 - lambda))`, finite.
 * @param x The values, in [0, 1].
 */
export function continuousBernoulliLogProb<T>(a: Arithmetic<T>, logits: T, x: T): T {
  // (e^v - 1) / v = e^(v / 2) sinh(v / 2) / (v / 2)
  return a.sub(a.mul(a.sub(x, a.constant(0.5)), logits), logSinhc(a, logits));
}

/**
 * `log p(x)` of a discretized logistic in nats, elementwise (Salimans et al. 2017, eq. 2): a
 * value's probability is a logistic's integral over the interval of width `1 / (levels - 1)` around
 * it, for 0 and 1 without an outer end. The probabilities of all levels sum to 1.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param x The values, `k / (levels - 1)` for k = 0..levels - 1.
 * @param mean The logistic's mean, in the units of x.
 * @param logScale The logarithm of the logistic's scale.
 * @param levels How many values there are, at least 2.
 */
export function discretizedLogisticLogProb<T>(
  a: Arithmetic<T>,
  x: T,
  mean: T,
  logScale: T,
  levels: number,
): T {
  const inverse = a.exp(a.neg(logScale));
  const gap = a.sub(x, mean);
  const half = a.constant(0.5 / (levels - 1));
  const above = a.mul(inverse, a.add(gap, half));
  const below = a.mul(inverse, a.sub(gap, half));
  // sigmoid(above) - sigmoid(below) = sigmoid(above) sigmoid(-below) (1 - exp(below - above)).
  const isBottom = atEnd(a, a.neg(x), 0, levels);
  const isTop = atEnd(a, x, 1, levels);
  const one = a.constant(1);
  const upper = a.mul(a.sub(one, isTop), a.softplus(a.neg(above)));
  const lower = a.mul(a.sub(one, isBottom), a.softplus(below));
  const width = logOneMinusExp(a, a.mul(inverse, a.constant(1 / (levels - 1))));
  const inner = a.mul(a.sub(one, a.add(isBottom, isTop)), width);
  return a.sub(inner, a.add(upper, lower));
}

/** 1 where x is within a quarter of a level of `end` or beyond, and 0 from the next level on. */
function atEnd<T>(a: Arithmetic<T>, x: T, end: number, levels: number): T {
  const steps = a.mul(a.constant(levels - 1), a.sub(x, a.constant(end)));
  const slope = a.mul(a.constant(2), a.add(steps, a.constant(0.75)));
  return a.maximum(a.minimum(slope, a.constant(1)), a.constant(0));
}

/** Taylor coefficients of log(sinh(v / 2) / (v / 2)) in v^2, v^4, ..., v^14. */
const SERIES = [
  1 / 24,
  -1 / 2880,
  1 / 181440,
  -1 / 9676800,
  1 / 479001600,
  -691 / 15692092416000,
  1 / 1046139494400,
];

/** `log(sinh(v / 2) / (v / 2))` for v in [0, 0.5]. */
function series<T>(a: Arithmetic<T>, v: T): T {
  const square = a.mul(v, v);
  return SERIES.reduceRight<T>((sum, c) => a.mul(square, a.add(a.constant(c), sum)), a.constant(0));
}

/** `log(1 - exp(-u))` for positive u. */
const logOneMinusExp = <T>(a: Arithmetic<T>, u: T): T =>
  joined(a, u, {
    near: (v) => a.add(a.sub(a.log(v), a.mul(a.constant(0.5), v)), series(a, v)),
    far: (v) => logOneMinusExpOf(a, v),
  });

/** `log(sinh(v / 2) / (v / 2))`, even in v, 0 at 0. */
const logSinhc = <T>(a: Arithmetic<T>, v: T): T =>
  joined(a, a.abs(v), {
    near: (u) => series(a, u),
    far: (u) => a.add(a.mul(a.constant(0.5), u), a.sub(logOneMinusExpOf(a, u), a.log(u))),
  });

const logOneMinusExpOf = <T>(a: Arithmetic<T>, u: T): T =>
  a.log(a.sub(a.constant(1), a.exp(a.neg(u))));

/** One function in two forms, below and above u = 0.5. Each is held at 0.5 where it is not used. */
function joined<T>(
  a: Arithmetic<T>,
  u: T,
  { near, far }: { readonly near: (u: T) => T; readonly far: (u: T) => T },
): T {
  const middle = a.constant(0.5);
  return a.add(near(a.minimum(u, middle)), a.sub(far(a.maximum(u, middle)), far(middle)));
}
