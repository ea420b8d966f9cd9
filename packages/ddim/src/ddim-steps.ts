import { type Step, type StepOptions, stepTable } from "@gen/sampling";
import { type NoiseSchedule, type TimestepOptions, timestepPairs, timesteps } from "@gen/schedules";

/** Which steps are taken, how much fresh noise each adds, and what the denoiser predicts. */
export interface DdimOptions extends TimestepOptions, StepOptions {
  /**
   * Reproduces diffusers' DDIM where it differs: each step goes to `t - floor(T / N)` whatever the
   * list says. Its clipping also keeps epsilon; ask for that with `keepEpsilon`.
   */
  readonly compat?: "diffusers";
}

/**
 * The table of DDIM (Song et al. 2021, eq. 12 and 16) for any eta in [0, 1]: each row goes from
 * one entry of the list of time steps to the next, the last one to the level that sampling ends on.
 *
 * `eta` 0, the default, is deterministic; `eta` 1 is DDPM's posterior over the same steps.
 *
 * @throws RangeError when steps, spacing, offset or eta is outside its range; when the schedule's
 * first level holds no signal and the denoiser predicts epsilon.
 */
export function ddimSteps(schedule: NoiseSchedule, options: DdimOptions = {}): Step[] {
  const { compat } = options;
  const pairs = timestepPairs(timesteps(schedule, options), { compat, length: schedule.length });
  const transitions = pairs.map(({ t, next }) => ({
    t,
    from: schedule.level(t),
    to: schedule.level(next),
  }));
  return stepTable(transitions, options);
}
