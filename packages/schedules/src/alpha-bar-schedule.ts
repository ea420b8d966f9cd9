import { checkOptions, rules } from "@gen/math/arguments";
import { stepCount } from "./linspace.ts";
import type { NoiseSchedule, ScheduleOptions } from "./noise-schedule.ts";
import { BetaSchedule } from "./schedule-from-betas.ts";
import { scheduleRules } from "./schedule-rules.ts";

/** Options of the schedules given by a curve of alphasCumprod. */
export interface AlphaBarScheduleOptions extends ScheduleOptions {
  /** How many training steps. @defaultValue 1000 */
  readonly steps?: number;
  /** The largest beta allowed. @defaultValue 0.999 */
  readonly maxBeta?: number;
}

/**
 * The cosine schedule, diffusers' `squaredcos_cap_v2`:
 * `beta_t = min(1 - f((t + 1) / T) / f(t / T), maxBeta)`,
 * `f(s) = cos((s + 0.008) / 1.008 * pi / 2)^2` (Nichol and Dhariwal 2021, eq. 17).
 *
 * @throws RangeError when steps is no positive integer.
 */
export function cosineSchedule(options: AlphaBarScheduleOptions = {}): NoiseSchedule {
  return alongCurve("cosine", options, (s) => Math.cos((((s + 0.008) / 1.008) * Math.PI) / 2) ** 2);
}

/**
 * The exponential curve `f(s) = exp(-12 s)`, capped as {@link cosineSchedule} is.
 *
 * @throws RangeError when steps is no positive integer.
 */
export function expSchedule(options: AlphaBarScheduleOptions = {}): NoiseSchedule {
  return alongCurve("exp", options, (s) => Math.exp(s * -12));
}

/**
 * The Laplace schedule, capped as {@link cosineSchedule} is (Hang et al. 2024):
 * `f(s) = sqrt(snr / (1 + snr))`, `log snr = -sign(1/2 - s) / 2 * log(1 - 2 |1/2 - s| + 1e-6)`.
 *
 * @throws RangeError when steps is no positive integer.
 */
export function laplaceSchedule(options: AlphaBarScheduleOptions = {}): NoiseSchedule {
  return alongCurve("laplace", options, (s) => {
    const side = 0.5 - s < 0 ? -1 : 1;
    const snr = Math.exp(-0.5 * side * Math.log(1 - 2 * Math.abs(0.5 - s) + 1e-6));
    return Math.sqrt(snr / (1 + snr));
  });
}

function alongCurve(
  kind: "cosine" | "laplace" | "exp",
  options: AlphaBarScheduleOptions,
  curve: (s: number) => number,
): NoiseSchedule {
  checkOptions(options, { ...scheduleRules, maxBeta: rules.optional(rules.UNIT) });
  const { steps = 1000, maxBeta = 0.999 } = options;
  const betas = new Float64Array(stepCount(steps));
  let before = curve(0);
  for (let t = 0; t < steps; t++) {
    const after = curve((t + 1) / steps);
    betas[t] = Math.min(1 - after / before, maxBeta);
    before = after;
  }
  return new BetaSchedule(betas, options, { kind, maxBeta });
}
