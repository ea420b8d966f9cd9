import { ArgumentError } from "../gen-error.ts";
import { expm1Minus } from "../special-functions.ts";

const argmax = (values: ArrayLike<number>): number => {
  let top = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[top]) top = k;
  return top;
};

/**
 * `log softmax(logits)` `[classes]`, with full relative accuracy in the largest entry too.
 *
 * @param logits `[classes]`, the log probabilities up to a constant.
 * @throws RangeError when a logit is NaN or none is finite.
 */
export function logProbs(logits: ArrayLike<number>): Float64Array {
  const bad = Array.prototype.findIndex.call(logits, Number.isNaN);
  if (bad >= 0) throw new ArgumentError(`logits must be numbers, got NaN for class ${bad}`);
  const top = argmax(logits);
  const max = logits[top];
  if (!Number.isFinite(max)) {
    throw new ArgumentError(`logits must be numbers, the largest finite, got ${max}`);
  }
  let rest = 0;
  for (let k = 0; k < logits.length; k++) if (k !== top) rest += Math.exp(logits[k] - max);
  const log = Math.log1p(rest);
  return Float64Array.from(logits, (logit) => logit - max - log);
}

/**
 * A sample in 0..classes-1 from a uniform draw in (0, 1), by the inverse of the cumulative sum.
 *
 * @param logits `[classes]`, the log probabilities up to a constant.
 * @param uniform A uniform draw in (0, 1).
 * @throws RangeError when the logits are not numbers with a finite maximum, or the lengths or the
 * class do not fit.
 */
export function sample(logits: ArrayLike<number>, uniform: number): number {
  const logs = logProbs(logits);
  let last = 0;
  let total = 0;
  for (let k = 0; k < logs.length; k++) {
    const probability = Math.exp(logs[k]);
    if (probability > 0) last = k;
    total += probability;
    if (uniform < total) return k;
  }
  return last;
}

/**
 * `log p(k)` in nats: `logits[k] - log(sum(exp(logits)))`.
 *
 * @param logits `[classes]`, the log probabilities up to a constant.
 * @param k The class, in 0..classes-1.
 * @throws RangeError when the logits are not numbers with a finite maximum, or the lengths or the
 * class do not fit.
 */
export function logProb(logits: ArrayLike<number>, k: number): number {
  if (!(Number.isInteger(k) && k >= 0 && k < logits.length)) {
    throw new ArgumentError(`k must be an integer in 0..${logits.length - 1}, got ${k}`);
  }
  return logProbs(logits)[k];
}

/**
 * The entropy in nats; `0 log 0` counts as 0.
 *
 * @param logits `[classes]`, the log probabilities up to a constant.
 * @throws RangeError when the logits are not numbers with a finite maximum, or the lengths or the
 * class do not fit.
 */
export function entropy(logits: ArrayLike<number>): number {
  return crossEntropy(logits, logits);
}

/**
 * The cross entropy `-E_p[log q]` in nats; both distributions by their logits `[classes]`.
 *
 * @param p The logits of p, `[classes]`.
 * @param q The logits of q, `[classes]`.
 * @throws RangeError when the logits are not numbers with a finite maximum, or the lengths or the
 * class do not fit.
 */
export function crossEntropy(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [logP, logQ] = pair(p, q);
  let total = 0;
  for (let k = 0; k < logP.length; k++) {
    const probability = Math.exp(logP[k]);
    if (probability > 0) total -= probability * logQ[k];
    else if (logQ[k] === -Infinity && logP[k] > -Infinity) return Infinity;
  }
  return total;
}

/**
 * `KL(p || q)` in nats; both distributions by their logits `[classes]`.
 *
 * `sum(q - p - p log(q / p))`: no term is negative, so nearly equal distributions keep their
 * digits.
 *
 * @param p The logits of p, `[classes]`.
 * @param q The logits of q, `[classes]`.
 * @throws RangeError when the logits are not numbers with a finite maximum, or the lengths or the
 * class do not fit.
 */
export function kl(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [logP, logQ] = pair(p, q);
  const differences = logRatios(p, q, logP, logQ);
  let total = 0;
  for (let k = 0; k < logP.length; k++) {
    const d = differences[k];
    const probability = Math.exp(logP[k]);
    // A class that is impossible under q alone, even if its probability under p rounds to 0.
    if (logQ[k] === -Infinity && logP[k] > -Infinity) return Infinity;
    if (Math.abs(d) < 0.5) total += probability * expm1Minus(d);
    else if (probability === 0) total += Math.exp(logQ[k]);
    else total += Math.exp(logQ[k]) - probability - probability * d;
  }
  return total;
}

function pair(p: ArrayLike<number>, q: ArrayLike<number>): [Float64Array, Float64Array] {
  if (p.length !== q.length) {
    throw new ArgumentError(`logits must be [${p.length}], got [${q.length}]`);
  }
  return [logProbs(p), logProbs(q)];
}

// log q - log p. If the logits are near each other (up to a shift), the difference of the two
// normalizers is computed from the differences of the logits, which are exact.
function logRatios(
  p: ArrayLike<number>,
  q: ArrayLike<number>,
  logP: Float64Array,
  logQ: Float64Array,
): Float64Array {
  const top = argmax(logP);
  const shift = q[top] - p[top];
  const d = logP.map((_, k) => q[k] - p[k] - shift);
  if (!d.every((value) => Math.abs(value) < 1)) return logP.map((value, k) => logQ[k] - value);
  const mean = d.reduce((sum, value, k) => sum + Math.exp(logP[k]) * Math.expm1(value), 0);
  const normalizer = Math.log1p(mean);
  return d.map((value) => value - normalizer);
}
