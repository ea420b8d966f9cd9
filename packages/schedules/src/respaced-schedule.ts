import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "./noise-schedule.ts";
import { scheduleFromBetas } from "./schedule-from-betas.ts";

/**
 * The schedule that is left when only some of a schedule's steps are taken, as guided-diffusion's
 * respacing makes it: `beta_i = 1 - alphasCumprod[t_i] / alphasCumprod[t_{i - 1}]`, with its rounding.
 *
 * Its step i stands for the schedule's step `list[i]`, which is what a denoiser is to be told; so a
 * bound on the likelihood may be taken over few steps.
 *
 * @param schedule The schedule of the training.
 * @param list The time steps to keep, ascending.
 * @throws RangeError when the list is empty or does not strictly ascend within 0..T-1.
 */
export function respacedSchedule(schedule: NoiseSchedule, list: readonly number[]): NoiseSchedule {
  checkArguments({ schedule, list }, { schedule: rules.SCHEDULE, list: rules.listOf(rules.INDEX) });
  const { alphasCumprod } = schedule;
  let before = -1;
  let product = 1;
  const betas = list.map((t) => {
    if (!(Number.isInteger(t) && t > before && t < schedule.length)) {
      throw new ArgumentError(
        `list must strictly ascend within 0..${schedule.length - 1}, got ${t} after ${before}`,
      );
    }
    const after = alphasCumprod[t];
    const beta = 1 - after / product;
    before = t;
    product = after;
    return beta;
  });
  return scheduleFromBetas(betas, { setAlphaToOne: schedule.setAlphaToOne });
}
