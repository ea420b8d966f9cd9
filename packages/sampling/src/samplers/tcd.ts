import { denoisedCoefficients, epsilonCoefficients, type PredictionType } from "@gen/math";
import { rules } from "@gen/math/arguments";
import { type NoiseSchedule, type TimestepOptions, timesteps } from "@gen/schedules";
import { checkPath } from "./check-path.ts";
import type { Step } from "./step.ts";

/** How {@link tcdSteps} goes. */
export interface TcdOptions extends TimestepOptions {
  /** What the denoiser predicts. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /**
   * How far below the next time step a row jumps before it adds noise, from 0 (DDIM) to 1 (to time
   * step 0, as a consistency model does). @defaultValue 0.3
   */
  readonly gamma?: number;
}

/**
 * Strategic stochastic sampling of a trajectory consistency model (Zheng et al. 2024, algorithm 4):
 * each row goes by DDIM to time step `s = floor((1 - gamma) t')` below the next one t', then by the
 * forward process up to it, `x' = r (signal_s x0 + noise_s epsilon) + sqrt(1 - r^2) z` with
 * `r = signal' / signal_s`. The last row goes to time step 0.
 *
 * @param schedule The noise levels that the model was distilled at.
 * @param options Steps, gamma and prediction type. Default: gamma 0.3.
 * @throws RangeError when gamma is outside [0, 1], or steps, spacing or offset is outside its range.
 */
export function tcdSteps(schedule: NoiseSchedule, options: TcdOptions = {}): Step[] {
  checkPath(schedule, options, { gamma: rules.optional(rules.UNIT) });
  const { gamma = 0.3, predicts = "epsilon" } = options;
  const list = timesteps(schedule, options);
  return list.map((t, i) => {
    const next = list[i + 1] ?? 0;
    const from = schedule.level(t);
    const to = schedule.level(next);
    const below = schedule.level(Math.floor((1 - gamma) * next));
    const ratio = to.signal / below.signal;
    const epsilon = epsilonCoefficients(predicts, from);
    const direction = ratio * below.noise;
    return {
      t,
      predicts,
      denoised: denoisedCoefficients(predicts, from),
      next: {
        x0: to.signal,
        x: direction * epsilon.x,
        prediction: direction * epsilon.prediction,
        noise: Math.sqrt(1 - ratio ** 2),
      },
    };
  });
}
