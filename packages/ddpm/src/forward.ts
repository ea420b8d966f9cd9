import { add, type Expr, mul } from "@gen/graph";
import { cleanLevel, type FloatArray } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules, shown } from "@gen/math/arguments";
import { tableAt } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";

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
 * t is one 0-based step for all rows, or a step for each of `t.length` equal rows.
 *
 * @param schedule The noise schedule.
 * @param x0 Clean data, `[rows, ...]`.
 * @param t One 0-based step for all rows, or a step for each of `t.length` equal rows.
 * @throws RangeError when t is outside the schedule or the rows are not equal.
 */
export function qMeanVariance(
  schedule: NoiseSchedule,
  x0: FloatArray,
  t: number | ArrayLike<number>,
): RowGaussian {
  checkArguments({ schedule, x0 }, { schedule: rules.SCHEDULE, x0: rules.NUMBERS });
  const { times, at } = rowsOf(x0.length, t, schedule.length);
  const { alphasCumprod, sqrtAlphasCumprod } = schedule;
  const variance = Float64Array.from(times, (time) => 1 - alphasCumprod[time]);
  return {
    mean: Float64Array.from(x0, (v, i) => sqrtAlphasCumprod[at(i)] * v),
    variance,
    logVariance: variance.map(Math.log),
  };
}

/**
 * One step of the forward process, from t - 1 (clean data where t is 0) to t:
 * `x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) epsilon` (Ho et al. 2020, eq. 2).
 *
 * @param schedule The noise schedule.
 * @param x The data at step t - 1, `[rows, ...]`.
 * @param t One 0-based step for all rows, or a step for each of `t.length` equal rows.
 * @param epsilon Standard normal noise, as long as the data.
 * @throws RangeError when t is outside the schedule or the sizes do not fit.
 */
export function qStep(
  schedule: NoiseSchedule,
  x: FloatArray,
  t: number | ArrayLike<number>,
  epsilon: FloatArray,
): Float64Array {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  sameLength({ x, epsilon });
  const { at } = rowsOf(x.length, t, schedule.length);
  const { betas } = schedule;
  return Float64Array.from(x, (v, i) => {
    const beta = betas[at(i)];
    return Math.sqrt(1 - beta) * v + Math.sqrt(beta) * epsilon[i];
  });
}

/**
 * A jump of the forward process from step `from` to a later step `to`; step -1 is clean data.
 * `x_to = r x + sqrt(noise_to^2 - (r noise_from)^2) epsilon` with `r = signal_to / signal_from`.
 *
 * @param schedule The noise schedule.
 * @param x The data at step `from`.
 * @param jump The two steps.
 * @param epsilon Standard normal noise, as long as the data.
 * @throws RangeError when a step is outside the schedule, `to` comes before `from`, or the sizes
 * do not fit.
 */
export function qJump(
  schedule: NoiseSchedule,
  x: FloatArray,
  jump: {
    /** The step of x, or -1 for clean data. */
    readonly from: number;
    /** The step to jump to, not before `from`. */
    readonly to: number;
  },
  epsilon: FloatArray,
): Float64Array {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  checkOptions(jump, { from: rules.INTEGER, to: rules.INTEGER });
  sameLength({ x, epsilon });
  const { from, to } = jump;
  if (!(to >= from))
    throw new ArgumentError(`to must not come before from, ${from}, got ${shown(to)}`);
  const start = from === -1 ? cleanLevel : schedule.level(from);
  const end = to === -1 ? start : schedule.level(to);
  const ratio = end.signal / start.signal;
  const spread = Math.sqrt(Math.max(end.noise ** 2 - (ratio * start.noise) ** 2, 0));
  return Float64Array.from(x, (v, i) => ratio * v + spread * epsilon[i]);
}

/**
 * The velocity `v = signal_t epsilon - noise_t x0` (Salimans and Ho 2022, section 4).
 *
 * @param schedule The noise schedule.
 * @param x0 Clean data, `[rows, ...]`.
 * @param t One 0-based step for all rows, or a step for each of `t.length` equal rows.
 * @param epsilon Standard normal noise, as long as the data.
 * @throws RangeError when t is outside the schedule or the sizes do not fit.
 */
export function velocity(
  schedule: NoiseSchedule,
  x0: FloatArray,
  t: number | ArrayLike<number>,
  epsilon: FloatArray,
): Float64Array {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  sameLength({ x0, epsilon });
  const { at } = rowsOf(x0.length, t, schedule.length);
  return Float64Array.from(x0, (v, i) => {
    const { signal, noise } = schedule.level(at(i));
    return signal * epsilon[i] - noise * v;
  });
}

/**
 * `q(x_{t-1} | x_t, x0)`, the posterior of one step, from the schedule's tables (Ho et al. 2020,
 * eq. 6 and 7). `logVariance` is clipped: at t = 0, where the variance is 0, it is that of t = 1.
 *
 * @param schedule The noise schedule.
 * @param x0 Clean data or its estimate, `[rows, ...]`.
 * @param x The noisy data at step t, `[rows, ...]`.
 * @param t One 0-based step for all rows, or a step for each of `t.length` equal rows.
 * @throws RangeError when t is outside the schedule or the sizes do not fit.
 */
export function posteriorMeanVariance(
  schedule: NoiseSchedule,
  x0: FloatArray,
  x: FloatArray,
  t: number | ArrayLike<number>,
): RowGaussian {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  sameLength({ x, x0 });
  const { times, at } = rowsOf(x.length, t, schedule.length);
  const { posteriorMeanX0, posteriorMeanX, posteriorVariance } = schedule;
  const { posteriorLogVarianceClipped: logVariance } = schedule;
  return {
    mean: Float64Array.from(
      x,
      (v, i) => posteriorMeanX0[at(i)] * x0[i] + posteriorMeanX[at(i)] * v,
    ),
    variance: Float64Array.from(times, (time) => posteriorVariance[time]),
    logVariance: Float64Array.from(times, (time) => logVariance[time]),
  };
}

/**
 * Jumps to step t of the forward process: `signal_t x0 + noise_t epsilon`
 * (Ho et al. 2020, eq. 4, with epsilon for the noise).
 *
 * Of expressions, x0 and epsilon are `[batch, ...]` and t is `[batch]` int64. Of arrays, t is one
 * 0-based step for all rows or a step for each of `t.length` equal rows, and the result is float64.
 *
 * @param schedule The noise schedule.
 * @param x0 Clean data: numbers, or an expression `[batch, ...]`.
 * @param t The 0-based steps: numbers, or an expression `[batch]`.
 * @param epsilon Standard normal noise in the shape of x0.
 * @throws RangeError when t is outside the schedule or the sizes do not fit (arrays).
 */
export function qSample(schedule: NoiseSchedule, x0: Expr, t: Expr, epsilon: Expr): Expr;
export function qSample(
  schedule: NoiseSchedule,
  x0: FloatArray,
  t: number | ArrayLike<number>,
  epsilon: FloatArray,
): Float64Array;
export function qSample(
  schedule: NoiseSchedule,
  x0: Expr | FloatArray,
  t: Expr | number | ArrayLike<number>,
  epsilon: Expr | FloatArray,
): Expr | Float64Array {
  checkArguments(
    { schedule, x0 },
    { schedule: rules.SCHEDULE, x0: rules.either(rules.NUMBERS, rules.EXPRESSION) },
  );
  if ("op" in x0) {
    checkArguments({ t, epsilon }, { t: rules.EXPRESSION, epsilon: rules.EXPRESSION });
    const { signal, noise } = levelsAt(schedule, t as Expr, x0);
    return add(mul(signal, x0), mul(noise, epsilon as Expr));
  }
  const noise = epsilon as FloatArray;
  sameLength({ x0, epsilon: noise });
  const { times, rowOf } = rowsOf(x0.length, t as number | ArrayLike<number>, schedule.length);
  const levels = times.map((time) => schedule.level(time));
  return Float64Array.from(x0, (v, i) => {
    const level = levels[rowOf(i)];
    return level.signal * v + level.noise * noise[i];
  });
}

/** Signal and noise of each row's step t `[batch]`, shaped to multiply `like` `[batch, ...]`. */
export function levelsAt(schedule: NoiseSchedule, t: Expr, like: Expr) {
  return {
    signal: tableAt(schedule.sqrtAlphasCumprod, t, like),
    noise: tableAt(schedule.sqrtOneMinusAlphasCumprod, t, like),
  };
}

/**
 * Time steps of `length` numbers: one step for all, or a step for each of `t.length` equal rows.
 *
 * @throws RangeError when the rows are not equal or a step is outside 0..steps-1.
 */
export function rowsOf(length: number, t: number | ArrayLike<number>, steps: number) {
  checkArguments({ t }, { t: rules.either(rules.ANY_NUMBER, rules.NUMBERS) });
  const times = typeof t === "number" ? [t] : Array.from(t);
  const size = length / times.length;
  if (!Number.isInteger(size)) {
    throw new ArgumentError(`x must have ${times.length} equal rows, got ${length} numbers`);
  }
  const outside = times.find((time) => !(Number.isInteger(time) && time >= 0 && time < steps));
  if (outside !== undefined) {
    throw new ArgumentError(`t must be an integer in 0..${steps - 1}, got ${shown(outside)}`);
  }
  const rowOf = (i: number) => Math.floor(i / size);
  return { times, rowOf, at: (i: number) => times[rowOf(i)] };
}

/** @throws RangeError when the second array has another length than the first. */
export function sameLength(arrays: Readonly<Record<string, ArrayLike<number>>>): void {
  const entries = Object.entries(arrays);
  checkArguments(arrays, Object.fromEntries(entries.map(([name]) => [name, rules.NUMBERS])));
  const [[name, { length }], [other, values]] = entries;
  if (length === values.length) return;
  throw new ArgumentError(
    `${other} must have as many numbers as ${name}, ${length}, got ${values.length}`,
  );
}
