import { type Step, type StepOptions, stepTable, type Transition } from "@gen/sampling";
import { type NoiseSchedule, type TimestepOptions, timestepPairs, timesteps } from "@gen/schedules";

/** Which steps are taken, the variance of each, and what the denoiser predicts. */
export interface DdpmOptions
  extends TimestepOptions,
    Pick<StepOptions, "predicts" | "keepEpsilon"> {
  /**
   * `fixed_small`, the default: the posterior's variance, right for data that are points.
   * `fixed_large`: the forward step's variance, right for data that are standard normal.
   */
  readonly variance?: "fixed_small" | "fixed_large";
  /**
   * Reproduces diffusers' DDPM where it differs: a last step that starts above t = 0 adds noise,
   * 1e-10 of it with `fixed_small`, the whole forward step's with `fixed_large`.
   */
  readonly compat?: "diffusers";
}

/**
 * The table of DDPM's ancestral sampling (Ho et al. 2020, eq. 7 and algorithm 2), every training
 * step unless told.
 *
 * The variance comes from the two levels that a row joins, `from.noise^2 to.noise^2` times
 * `1 - r^2` over one of the two noises squared with `r = from.signal to.noise / (to.signal
 * from.noise)`, so that skipped steps are right too. The last step adds no noise.
 *
 * @throws RangeError when steps, spacing, offset or variance is not as described; when the
 * schedule's first level holds no signal and the denoiser predicts epsilon.
 */
export function ddpmSteps(schedule: NoiseSchedule, options: DdpmOptions = {}): Step[] {
  const { variance = "fixed_small", compat, predicts, keepEpsilon } = options;
  if (variance !== "fixed_small" && variance !== "fixed_large") {
    throw new RangeError(`variance must be fixed_small or fixed_large, got ${String(variance)}`);
  }
  const transitions = timestepPairs(timesteps(schedule, options)).map(({ t, next }) => ({
    t,
    from: schedule.level(t),
    to: next < 0 ? { signal: 1, noise: 0 } : schedule.level(next),
  }));
  const steps = stepTable(transitions, { predicts, keepEpsilon, eta: 1 });
  return steps.map((step, i) => {
    const noise = noiseOf(transitions[i], step.next.noise, variance === "fixed_large", compat);
    return { ...step, next: { ...step.next, noise } };
  });
}

function noiseOf({ t, from, to }: Transition, small: number, large: boolean, compat?: "diffusers") {
  if (to.noise > 0) return large ? (small * from.noise) / to.noise : small;
  if (compat !== "diffusers" || t === 0) return 0;
  return large ? from.noise : 1e-10;
}
