import { cleanLevel, type FloatArray } from "@gen/math";
import type { NoiseSchedule } from "@gen/schedules";
import { rowsOf, sameLength } from "./rows.ts";

/** A Gaussian with one variance for each row. */
export interface RowGaussian {
  /** `[rows, ...]` row-major. */
  readonly mean: Float64Array;
  /** `[rows]`. */
  readonly variance: Float64Array;
  /** Its natural logarithm, `[rows]`. */
  readonly logVariance: Float64Array;
}

/**
 * `q(x_t | x0) = N(sqrt(alphasCumprod_t) x0, (1 - alphasCumprod_t) I)` (Ho et al. 2020, eq. 4).
 * t is one 0-based step for all, or one for each of `t.length` equal rows.
 *
 * @throws RangeError when t is outside the schedule or the rows are not equal.
 */
export function qMeanVariance(
  schedule: NoiseSchedule,
  x0: FloatArray,
  t: number | ArrayLike<number>,
): RowGaussian {
  const { times, at } = rowsOf(x0.length, t, schedule.length);
  const variance = Float64Array.from(times, (one) => 1 - schedule.alphasCumprod[one]);
  return {
    mean: Float64Array.from(x0, (v, i) => schedule.sqrtAlphasCumprod[at(i)] * v),
    variance,
    logVariance: variance.map(Math.log),
  };
}

/**
 * One step of the forward process, from t - 1 (clean data where t is 0) to t:
 * `x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) epsilon` (Ho et al. 2020, eq. 2).
 *
 * @throws RangeError when t is outside the schedule or the sizes do not fit.
 */
export function qStep(
  schedule: NoiseSchedule,
  x: FloatArray,
  t: number | ArrayLike<number>,
  epsilon: FloatArray,
): Float64Array {
  const { at } = rowsOf(x.length, t, schedule.length);
  sameLength("epsilon", epsilon, x);
  return Float64Array.from(x, (v, i) => {
    const beta = schedule.betas[at(i)];
    return Math.sqrt(1 - beta) * v + Math.sqrt(beta) * epsilon[i];
  });
}

/**
 * A jump of the forward process from step `from` to a later step `to`, of which -1 is clean data:
 * with `r = signal_to / signal_from`, `x_to = r x + sqrt(noise_to^2 - (r noise_from)^2) epsilon`.
 *
 * @throws RangeError when a step is outside the schedule, `to` comes before `from`, or the sizes
 * do not fit.
 */
export function qJump(
  schedule: NoiseSchedule,
  x: FloatArray,
  { from, to }: { readonly from: number; readonly to: number },
  epsilon: FloatArray,
): Float64Array {
  if (!(to >= from)) throw new RangeError(`to must not come before from, ${from}, got ${to}`);
  const start = from === -1 ? cleanLevel : schedule.level(from);
  const end = to === -1 ? start : schedule.level(to);
  sameLength("epsilon", epsilon, x);
  const ratio = end.signal / start.signal;
  const spread = Math.sqrt(Math.max(end.noise ** 2 - (ratio * start.noise) ** 2, 0));
  return Float64Array.from(x, (v, i) => ratio * v + spread * epsilon[i]);
}

/**
 * The velocity `v = signal_t epsilon - noise_t x0` (Salimans and Ho 2022, section 4).
 *
 * @throws RangeError when t is outside the schedule or the sizes do not fit.
 */
export function velocity(
  schedule: NoiseSchedule,
  x0: FloatArray,
  t: number | ArrayLike<number>,
  epsilon: FloatArray,
): Float64Array {
  const { at } = rowsOf(x0.length, t, schedule.length);
  sameLength("epsilon", epsilon, x0);
  return Float64Array.from(x0, (v, i) => {
    const { signal, noise } = schedule.level(at(i));
    return signal * epsilon[i] - noise * v;
  });
}

/**
 * `q(x_{t-1} | x_t, x0)`, the posterior of one step, from the schedule's tables (Ho et al. 2020, eq.
 * 6 and 7). `logVariance` is clipped: at t = 0, whose variance is 0, it is that of t = 1.
 *
 * @throws RangeError when t is outside the schedule or the sizes do not fit.
 */
export function posteriorMeanVariance(
  schedule: NoiseSchedule,
  x0: FloatArray,
  x: FloatArray,
  t: number | ArrayLike<number>,
): RowGaussian {
  const { times, at } = rowsOf(x.length, t, schedule.length);
  sameLength("x0", x0, x);
  const { posteriorMeanX0, posteriorMeanX } = schedule;
  return {
    mean: Float64Array.from(
      x,
      (v, i) => posteriorMeanX0[at(i)] * x0[i] + posteriorMeanX[at(i)] * v,
    ),
    variance: Float64Array.from(times, (one) => schedule.posteriorVariance[one]),
    logVariance: Float64Array.from(times, (one) => schedule.posteriorLogVarianceClipped[one]),
  };
}
