import type { NoiseLevel } from "@gen/math";
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
   */
  readonly sigmas?: SigmaSpread | readonly number[];
}

/** What a solver goes through: a schedule, by its options, or moves of your own. */
export type Path = NoiseSchedule | readonly Transition[];

/**
 * The moves of a sampler: from each level that the denoiser is asked at to the next one, and from
 * the last one to the level that sampling ends on.
 *
 * @throws RangeError when steps, spacing, offset or sigmas is not as described.
 */
export function trajectory(schedule: NoiseSchedule, options: TrajectoryOptions = {}): Transition[] {
  const { sigmas } = options;
  if (sigmas === undefined) {
    return levelTransitions(schedule, timesteps(schedule, options));
  }
  const list = typeof sigmas === "string" ? spread(schedule, sigmas, options.steps) : [...sigmas];
  if (list.length === 0 || list.some((v, i) => !(v > 0 && (i === 0 || v < list[i - 1])))) {
    throw new RangeError(`sigmas must be positive and strictly descend, got [${list.join(", ")}]`);
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
    throw new RangeError(`sigmas must be karras, exponential, beta or a list, got ${String(kind)}`);
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
  /** The noises to be asked at, descending, such as `flowSigmas` gives, in place of equal steps. */
  readonly sigmas?: ArrayLike<number>;
  /** The denoiser's time step is `length` times the noise. @defaultValue 1000 */
  readonly length?: number;
}

/**
 * The moves along a straight flow, `x = (1 - s) x0 + s epsilon`, from s = 1, or the first of
 * `sigmas`, to the clean level (Lipman et al. 2023; Liu et al. 2023).
 *
 * @throws RangeError when steps is no positive integer, or sigmas do not strictly descend in (0, 1].
 */
export function flowTrajectory(options: FlowOptions): Transition[] {
  const { steps = 0, shift = 1, length = 1000, sigmas } = options;
  if (!sigmas && !(Number.isInteger(steps) && steps >= 1)) {
    throw new RangeError(`steps must be a positive integer, got ${options.steps}`);
  }
  const noises = sigmas
    ? Array.from(sigmas)
    : Array.from({ length: steps }, (_, i) => flowLevel(1 - i / steps, shift).noise);
  if (
    noises.length === 0 ||
    noises.some((s, i) => !(s > 0 && s <= 1 && s < (noises[i - 1] ?? 2)))
  ) {
    throw new RangeError(`sigmas must strictly descend in (0, 1], got [${noises.join(", ")}]`);
  }
  const level = (i: number): NoiseLevel => flowLevel(noises[i] ?? 0);
  return noises.map((noise, i) => ({ t: length * noise, from: level(i), to: level(i + 1) }));
}

/**
 * The moves of either kind of path. A schedule's default spacing is trailing here: solvers then
 * start from pure noise and spend their last move between the lowest listed step and the clean level,
 * where in 10 calls DPM-Solver++ (2M) comes to 0.55 of DDIM's distance (two moons, 2026-11-29).
 */
export function transitionsOf(path: Path, options: TrajectoryOptions): readonly Transition[] {
  const { spacing = "trailing" } = options;
  if (isSchedule(path)) return trajectory(path, { ...options, spacing });
  if (path.length === 0) throw new RangeError("a path must have at least one move, got none");
  return path;
}

export const isSchedule = (path: Path): path is NoiseSchedule => "level" in path;
