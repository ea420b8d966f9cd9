import type { PredictionType } from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";

/**
 * What a denoiser is told at a time step of its schedule: the step. A denoiser that predicts a flow
 * on a flow's schedule is told `length` times the noise, as diffusers' flows are: t + 1 without a
 * shift.
 *
 * @param schedule The noise schedule.
 * @param predicts What the denoiser predicts.
 * @param t The time step, 0-based, whole or between two.
 * @throws RangeError when t is outside the schedule.
 */
export function networkTime(schedule: NoiseSchedule, predicts: PredictionType, t: number): number {
  checkArguments(
    { schedule, predicts, t },
    { schedule: rules.SCHEDULE, predicts: rules.PREDICTS, t: rules.NOT_NEGATIVE },
  );
  if (predicts !== "flow" || schedule.spec.kind !== "flow") return t;
  const low = Math.floor(t);
  const [from, to] = [low, Math.min(low + 1, schedule.length - 1)].map(
    (at) => schedule.level(at).noise,
  );
  return schedule.length * (from + (t - low) * (to - from));
}
