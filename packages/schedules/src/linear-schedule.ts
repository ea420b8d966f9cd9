import { checkOptions, rules } from "@gen/math/arguments";
import { linspace, stepCount } from "./linspace.ts";
import type { NoiseSchedule, ScheduleOptions, ScheduleSpec } from "./noise-schedule.ts";
import { BetaSchedule } from "./schedule-from-betas.ts";
import { scheduleRules } from "./schedule-rules.ts";

/** Options of the schedules between two betas. */
export interface LinearScheduleOptions extends ScheduleOptions {
  /** How many training steps. @defaultValue 1000 */
  readonly steps?: number;
  /** The first beta. @defaultValue 1e-4 */
  readonly betaStart?: number;
  /** The last beta. @defaultValue 0.02 */
  readonly betaEnd?: number;
}

/**
 * Betas equally spaced from betaStart to betaEnd (Ho et al. 2020, section 4).
 *
 * @throws RangeError when steps is no positive integer or a beta lies outside [0, 1].
 */
export function linearSchedule(options: LinearScheduleOptions = {}): NoiseSchedule {
  return between("linear", options, linspace);
}

/**
 * Betas whose square roots are equally spaced, as latent diffusion uses (Rombach et al. 2022).
 *
 * @throws RangeError when steps is no positive integer or a beta lies outside [0, 1].
 */
export function scaledLinearSchedule(options: LinearScheduleOptions = {}): NoiseSchedule {
  return between("scaledLinear", options, (start, end, steps) =>
    linspace(Math.sqrt(start), Math.sqrt(end), steps).map((root) => root * root),
  );
}

/**
 * Betas along a sigmoid from -6 to 6, between betaStart and betaEnd (as GeoDiff uses; Xu et al.
 * 2022).
 *
 * @throws RangeError when steps is no positive integer or a beta lies outside [0, 1].
 */
export function sigmoidSchedule(options: LinearScheduleOptions = {}): NoiseSchedule {
  return between("sigmoid", options, (start, end, steps) =>
    linspace(-6, 6, steps).map((x) => (1 / (1 + Math.exp(-x))) * (end - start) + start),
  );
}

function between(
  kind: "linear" | "scaledLinear" | "sigmoid",
  options: LinearScheduleOptions,
  betas: (start: number, end: number, steps: number) => Float64Array,
): NoiseSchedule {
  checkOptions(options, {
    ...scheduleRules,
    betaStart: rules.optional(rules.UNIT),
    betaEnd: rules.optional(rules.UNIT),
  });
  const { steps = 1000, betaStart = 1e-4, betaEnd = 0.02 } = options;
  const spec: ScheduleSpec = { kind, betaStart, betaEnd };
  return new BetaSchedule(betas(betaStart, betaEnd, stepCount(steps)), options, spec);
}
