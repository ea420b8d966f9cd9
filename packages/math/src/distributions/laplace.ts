import { ArgumentError } from "../gen-error.ts";
import { expm1Minus, log1pMinus } from "../special-functions.ts";

/** The parameters of a Laplace distribution: its mean and its scale, the mean distance from it. */
export interface Laplace {
  /** The mean, which is also the median. */
  readonly mean: number;
  /** The mean distance from the mean, positive. */
  readonly scale: number;
}

const scaleOf = ({ scale }: Laplace): number => {
  if (scale > 0 && scale < Infinity) return scale;
  throw new ArgumentError(`scale must be positive and finite, got ${scale}`);
};

/**
 * A sample from a uniform draw in (0, 1), by the inverse of the distribution function.
 *
 * @param p The distribution.
 * @param uniform A uniform draw in (0, 1).
 * @throws RangeError when a scale is not positive and finite.
 */
export function sample(p: Laplace, uniform: number): number {
  const tail = Math.log(2 * Math.min(uniform, 1 - uniform));
  return p.mean + (uniform < 0.5 ? 1 : -1) * scaleOf(p) * tail;
}

/**
 * `log p(x)` in nats: `-log(2 scale) - |x - mean| / scale`.
 *
 * @param p The distribution.
 * @param x The value.
 * @throws RangeError when a scale is not positive and finite.
 */
export function logProb(p: Laplace, x: number): number {
  return -(Math.LN2 + Math.log(scaleOf(p)) + Math.abs(x - p.mean) / p.scale);
}

/**
 * The entropy in nats: `1 + log(2 scale)`.
 *
 * @param p The distribution.
 * @throws RangeError when a scale is not positive and finite.
 */
export function entropy(p: Laplace): number {
  return 1 + Math.LN2 + Math.log(scaleOf(p));
}

/**
 * The cross entropy `-E_p[log q]` in nats.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when a scale is not positive and finite.
 */
export function crossEntropy(p: Laplace, q: Laplace): number {
  const gap = Math.abs(p.mean - q.mean);
  const distance = gap / scaleOf(q) + (scaleOf(p) / q.scale) * Math.exp(-gap / p.scale);
  return Math.LN2 + Math.log(q.scale) + distance;
}

/**
 * `KL(p || q)` in nats, with `r = scale_p / scale_q` and `g = |mean_p - mean_q| / scale_p`:
 * `(r - 1 - log r) + r (exp(-g) - 1 + g)`, neither term negative.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when a scale is not positive and finite.
 */
export function kl(p: Laplace, q: Laplace): number {
  const r = scaleOf(p) / scaleOf(q);
  const gap = Math.abs(p.mean - q.mean);
  const u = (p.scale - q.scale) / q.scale;
  const spread = u > -0.5 && u < 1 ? -log1pMinus(u) : u - (Math.log(p.scale) - Math.log(q.scale));
  const g = gap / p.scale;
  // Far apart the shift is the gap in units of q: g itself may overflow.
  const shift = g > 40 ? gap / q.scale - r : r * expm1Minus(-g);
  return spread + shift;
}
