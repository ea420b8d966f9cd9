import type { NoiseLevel } from "@gen/math";
import { type AncestralOptions, ancestralTable, levelTransitions, type Step } from "@gen/sampling";
import { type NoiseSchedule, type TimestepOptions, timesteps } from "@gen/schedules";

/** Which steps are taken, the variance of each, and what the denoiser predicts. */
export interface DdpmOptions extends TimestepOptions, AncestralOptions {}

const CLEAN: NoiseLevel = { signal: 1, noise: 0 };

/**
 * The table of DDPM's ancestral sampling (Ho et al. 2020, eq. 7 and algorithm 2), every training
 * step unless told: `ancestralTable` along a schedule. The last step adds no noise.
 *
 * @throws RangeError when steps, spacing, offset or variance is not as described; when the
 * schedule's first level holds no signal and the denoiser predicts epsilon.
 */
export function ddpmSteps(schedule: NoiseSchedule, options: DdpmOptions = {}): Step[] {
  const transitions = levelTransitions(schedule, timesteps(schedule, options), CLEAN);
  return ancestralTable(transitions, options);
}
