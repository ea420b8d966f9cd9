import type { NoiseLevel } from "@gen/math";
import {
  ArgumentError,
  checkArguments,
  checkOptions,
  refused,
  rules,
  shown,
} from "@gen/math/arguments";
import {
  betaSigmas,
  exponentialSigmas,
  flowLevel,
  karrasSigmas,
  type NoiseSchedule,
  type TimestepOptions,
  timestepOfSigma,
  timesteps,
  variancePreservingLevel,
} from "@gen/schedules";
import { checkPath } from "./check-path.ts";
import { levelTransitions, type Transition } from "./step.ts";

const SPREADS = {
  karras: karrasSigmas,
  exponential: exponentialSigmas,
  beta: betaSigmas,
} as const;
type SigmaSpread = keyof typeof SPREADS;

/** Which levels of a schedule a solver goes through. */
export interface TrajectoryOptions extends TimestepOptions {
  /**
   * Levels that are spread over `noise / signal` in place of the time steps: Karras's (Karras et
   * al. 2022, eq. 5, rho 7), equal steps of the logarithm, quantiles of a beta distribution (Lee et
   * al. 2024), or descending numbers of your own. The denoiser gets the fractional time step of
   * each.
   * @defaultValue the levels of the time steps
   */
  readonly sigmas?: SigmaSpread | readonly number[];
}

/** What a solver goes through: a schedule, by its options, or moves of your own. */
export type Path = NoiseSchedule | readonly Transition[];

/**
 * The moves of a sampler: from each level that the denoiser is asked at to the next one, and from
 * the last one to the level that sampling ends on.
 *
 * @param schedule Gives each time step its noise level.
 * @param options Steps and spacing, or the sigmas. Default: every training step.
 * @throws RangeError when steps, spacing, offset or sigmas is not as described.
 */
export function trajectory(schedule: NoiseSchedule, options: TrajectoryOptions = {}): Transition[] {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  checkPath(schedule, options);
  const { sigmas } = options;
  if (sigmas === undefined) {
    return levelTransitions(schedule, timesteps(schedule, options));
  }
  const list = typeof sigmas === "string" ? spread(schedule, sigmas, options.steps) : [...sigmas];
  if (list.length === 0 || list.some((v, i) => !(v > 0 && (i === 0 || v < list[i - 1])))) {
    throw new ArgumentError(
      `sigmas must be positive and strictly descend, got [${list.join(", ")}]`,
    );
  }
  const levels = list.map(variancePreservingLevel);
  return list.map((sigma, i) => ({
    t: timestepOfSigma(schedule, sigma),
    from: levels[i],
    to: levels[i + 1] ?? schedule.level(-1),
  }));
}

function spread(schedule: NoiseSchedule, kind: SigmaSpread, steps?: number): number[] {
  if (!Object.hasOwn(SPREADS, kind)) {
    throw refused("sigmas", "karras, exponential, beta or a list", kind);
  }
  const finite = schedule.sigmas.filter((sigma) => sigma < Infinity);
  return Array.from(
    SPREADS[kind]({
      steps: steps ?? schedule.length,
      sigmaMin: finite[0],
      sigmaMax: finite[finite.length - 1],
    }),
  );
}

/** How a straight flow is cut into steps. */
export interface FlowOptions {
  /** Needed unless `sigmas` are given. */
  readonly steps?: number;
  /** Above 1, more steps where there is more noise (Esser et al. 2024). @defaultValue 1 */
  readonly shift?: number;
  /**
   * The noises to be asked at, descending, such as `flowSigmas` gives, in place of equal steps.
   * @defaultValue equal steps
   */
  readonly sigmas?: ArrayLike<number>;
  /** The denoiser's time step is `length` times the noise. @defaultValue 1000 */
  readonly length?: number;
}

/**
 * The moves along a straight flow, `x = (1 - s) x0 + s epsilon`, from s = 1, or the first of
 * `sigmas`, to the clean level (Lipman et al. 2023; Liu et al. 2023).
 *
 * @param options Steps or the noises themselves, and the shift.
 * @throws RangeError when steps is no positive integer, or sigmas do not strictly descend in (0, 1].
 */
export function flowTrajectory(options: FlowOptions): Transition[] {
  checkOptions(options, {
    steps: rules.optional(rules.NUMBER),
    shift: rules.optional(rules.NOT_NEGATIVE),
    length: rules.optional(rules.POSITIVE_FINITE),
    sigmas: rules.optional(rules.NUMBERS),
  });
  const { steps = 0, shift = 1, length = 1000, sigmas } = options;
  if (!sigmas && !(Number.isInteger(steps) && steps >= 1)) {
    throw new ArgumentError(`steps must be a positive integer, got ${shown(options.steps)}`);
  }
  const noises = sigmas
    ? Array.from(sigmas)
    : Array.from({ length: steps }, (_, i) => flowLevel(1 - i / steps, shift).noise);
  if (
    noises.length === 0 ||
    noises.some((s, i) => !(s > 0 && s <= 1 && s < (noises[i - 1] ?? 2)))
  ) {
    throw new ArgumentError(`sigmas must strictly descend in (0, 1], got [${noises.join(", ")}]`);
  }
  const level = (i: number): NoiseLevel => flowLevel(noises[i] ?? 0);
  return noises.map((noise, i) => ({ t: length * noise, from: level(i), to: level(i + 1) }));
}

/** How the time steps of a solver fall, see {@link fallingTimesteps}. */
export interface Fall {
  /** Above 1, the steps are denser near the clean level. */
  readonly power: number;
  /** The last move as a part of an even one. */
  readonly last: number;
}

/**
 * The solvers' own time steps. Each pair is the best one on a grid of powers and last moves, over
 * two moons and digits, exact and trained (2026-11-29; the guide's solvers page has the numbers).
 */
export const FALLS = {
  multistep: { power: 1.2, last: 0.9 },
  singlestep: { power: 1.15, last: 0.9 },
  heun: { power: 0.85, last: 0.35 },
} as const satisfies Record<string, Fall>;

/**
 * N time steps `round(T (1 - i / (N - 1 + last))^power) - 1`, strictly descending in 0..T-1. Power
 * 1 and last 1 are trailing time steps; power 2 is near DDIM's quadratic ones (Song et al. 2021,
 * section D.2).
 */
function fallingTimesteps(length: number, steps: number, { power, last }: Fall): number[] {
  let before = length;
  return Array.from({ length: steps }, (_, i) => {
    const t = Math.round(length * (1 - i / (steps - 1 + last)) ** power) - 1;
    // Where steps are nearly as many as T, neighbors would coincide.
    before = Math.max(Math.min(t, before - 1), steps - 1 - i);
    return before;
  });
}

/**
 * The moves of either kind of path. A schedule's default spacing is trailing, or the solver's own
 * `fall`: solvers start from pure noise and spend their last move between the lowest listed step
 * and the clean level.
 */
export function transitionsOf(
  path: Path,
  options: TrajectoryOptions,
  fall?: Fall,
): readonly Transition[] {
  if (!isSchedule(path)) {
    if (path.length === 0) throw new ArgumentError("a path must have at least one move, got none");
    return path;
  }
  const { spacing = "trailing", sigmas } = options;
  if (!fall || sigmas || options.spacing) return trajectory(path, { ...options, spacing });
  const { length: steps } = timesteps(path, { steps: options.steps });
  return trajectory(path, { steps, spacing: fallingTimesteps(path.length, steps, fall) });
}

export const isSchedule = (path: Path): path is NoiseSchedule => "level" in path;
