import { ArgumentError } from "../gen-error.ts";
import { expm1Minus, log1pMinus, sigmoid, softplus } from "../special-functions.ts";

// 0 times an infinite log probability counts as 0.
const times = (probability: number, log: number) => (probability === 0 ? 0 : probability * log);

/**
 * A sample in {0, 1} from a uniform draw in (0, 1): 1 where `uniform < sigmoid(logits)`.
 *
 * @param logits The log odds of 1, `log(p / (1 - p))`.
 * @param uniform A uniform draw in (0, 1).
 * @throws RangeError when the logits are NaN.
 */
export function sample(logits: number, uniform: number): 0 | 1 {
  if (Number.isNaN(logits)) throw new ArgumentError("logits must be a number, got NaN");
  return uniform < sigmoid(logits) ? 1 : 0;
}

/**
 * `log p(x)` in nats: `-x * softplus(-logits) - (1 - x) * softplus(logits)`, `x` in [0, 1].
 *
 * @param logits The log odds of 1, `log(p / (1 - p))`.
 * @param x The outcome, in [0, 1].
 * @throws RangeError when x is outside [0, 1].
 */
export function logProb(logits: number, x: number): number {
  if (!(x >= 0 && x <= 1)) throw new ArgumentError(`x must be in [0, 1], got ${x}`);
  return 0 - (times(x, softplus(-logits)) + times(1 - x, softplus(logits)));
}

/**
 * The entropy in nats.
 *
 * @param logits The log odds of 1, `log(p / (1 - p))`.
 */
export function entropy(logits: number): number {
  return crossEntropy(logits, logits);
}

/**
 * The cross entropy `-E_p[log q]` in nats; both distributions by their logits.
 *
 * @param p The logits of p.
 * @param q The logits of q.
 */
export function crossEntropy(p: number, q: number): number {
  return times(sigmoid(p), softplus(-q)) + times(sigmoid(-p), softplus(q));
}

/**
 * `KL(p || q)` in nats; both distributions by their logits.
 *
 * `softplus(q) - softplus(p) - sigmoid(p) (q - p)`, by series where the logits are close. Infinite
 * logits are certain outcomes.
 *
 * @param p The logits of p.
 * @param q The logits of q.
 */
export function kl(p: number, q: number): number {
  if (p === q) return 0;
  if (p > 0) return kl(-p, -q);
  // An outcome that is impossible under q alone.
  if (Math.abs(q) === Infinity) return Number.isNaN(p) ? p : Infinity;
  const d = q - p;
  const mean = sigmoid(p);
  if (Math.abs(d) > 0.5) return softplus(q) - softplus(p) - times(mean, d);
  return log1pMinus(mean * Math.expm1(d)) + mean * expm1Minus(d);
}
