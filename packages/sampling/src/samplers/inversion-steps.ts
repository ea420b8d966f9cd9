import { type NoiseSchedule, type TimestepOptions, timesteps } from "@gen/schedules";
import { type Step, type StepOptions, stepTable } from "./step.ts";

/** Which steps an inversion takes, and what the denoiser predicts. */
export interface InversionOptions extends TimestepOptions, Pick<StepOptions, "predicts"> {}

/**
 * The table of DDIM backwards: from the clean level up through the list of time steps, each row
 * telling the denoiser the step that it goes to (Song et al. 2021, section 4.3; eta 0).
 *
 * `ddimSteps` with the same options leads back; the round trip is exact in the limit of small
 * steps.
 *
 * @throws RangeError when steps, spacing or offset is outside its range.
 */
export function inversionSteps(schedule: NoiseSchedule, options: InversionOptions = {}): Step[] {
  const list = timesteps(schedule, options).reverse();
  const transitions = list.map((t, i) => ({
    t,
    from: schedule.level(i === 0 ? -1 : list[i - 1]),
    to: schedule.level(t),
  }));
  return stepTable(transitions, { predicts: options.predicts, keepEpsilon: true });
}
