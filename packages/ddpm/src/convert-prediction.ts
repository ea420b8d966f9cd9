import {
  denoisedCoefficients,
  type FloatArray,
  type PredictionType,
  predictionCoefficients,
} from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";
import { rowsOf, sameLength } from "./forward.ts";

/**
 * A quantity estimated from x_t: a denoiser's prediction, the score `-epsilon / noise_t`, or
 * `previous`, the mean of `q(x_{t-1} | x_t, x0)`.
 */
export type EstimateType = PredictionType | "score" | "previous";

/** The kinds of estimate that {@link convertPrediction} converts, and where. */
export interface ConvertOptions {
  /** The kind of the estimate. */
  readonly from: EstimateType;
  /** The kind to convert to. */
  readonly to: EstimateType;
  /** The noisy sample x_t. */
  readonly x: FloatArray;
  /** One 0-based step for all, or one for each of `t.length` equal rows. */
  readonly t: number | ArrayLike<number>;
}

/**
 * Converts one kind of estimate at x_t to another. Every kind is `a x0 + b x_t` at its step: the
 * estimate is solved for x0, and x0 gives the other kind.
 *
 * @param schedule The noise schedule.
 * @param estimate The estimate to convert, as long as x.
 * @throws RangeError when t is outside the schedule, the sizes do not fit, or the estimate says
 * nothing of x0 at its step, such as epsilon at zero signal.
 */
export function convertPrediction(
  schedule: NoiseSchedule,
  estimate: FloatArray,
  options: ConvertOptions,
): Float64Array {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  checkOptions(options, { from: ESTIMATE, to: ESTIMATE });
  const { from, to, x, t } = options;
  sameLength({ x, estimate });
  const { times, at } = rowsOf(x.length, t, schedule.length);
  if (from === to) return Float64Array.from(estimate);
  const rows = new Map(
    times.map((time) => {
      const clean = cleanOf(schedule, from, time);
      const { x0, x } = mixOf(schedule, to, time);
      return [time, { estimate: x0 * clean.prediction, x: x0 * clean.x + x }];
    }),
  );
  return Float64Array.from(x, (v, i) => {
    const row = rows.get(at(i)) as { estimate: number; x: number };
    return row.estimate * estimate[i] + row.x * v;
  });
}

const ESTIMATE = rules.oneOf("epsilon", "x0", "v", "flow", "score", "previous");

/** x0 as a sum of x_t and the estimate. */
function cleanOf(schedule: NoiseSchedule, type: EstimateType, t: number) {
  if (type !== "score" && type !== "previous") {
    return denoisedCoefficients(type, schedule.level(t));
  }
  const { x0, x } = mixOf(schedule, type, t);
  if (x0 === 0) throw new ArgumentError(`${type} says nothing of x0 at t = ${t}`);
  return { prediction: 1 / x0, x: -x / x0 };
}

/** An estimate as a sum of x0 and x_t. */
function mixOf(schedule: NoiseSchedule, type: EstimateType, t: number) {
  if (type === "previous") {
    return { x0: schedule.posteriorMeanX0[t], x: schedule.posteriorMeanX[t] };
  }
  const level = schedule.level(t);
  if (type !== "score") return predictionCoefficients(type, level);
  const { signal, noise } = level;
  return { x0: signal / noise ** 2, x: -1 / noise ** 2 };
}
