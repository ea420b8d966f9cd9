import type { NoiseLevel } from "@gen/math";
import {
  exponentialSigmas,
  flowLevel,
  karrasSigmas,
  type NoiseSchedule,
  type TimestepOptions,
  timestepOfSigma,
  timestepPairs,
  timesteps,
  variancePreservingLevel,
} from "@gen/schedules";
import type { Transition } from "../step.ts";

/** Which levels of a schedule a solver goes through. */
export interface TrajectoryOptions extends TimestepOptions {
  /**
   * Levels that are spread over `noise / signal` in place of the time steps: Karras's (Karras et
   * al. 2022, eq. 5, rho 7), equal steps of the logarithm, or descending numbers of your own. The
   * denoiser is told the fractional time step of each.
   */
  readonly sigmas?: "karras" | "exponential" | readonly number[];
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
    return timestepPairs(timesteps(schedule, options)).map(({ t, next }) => ({
      t,
      from: schedule.level(t),
      to: schedule.level(next),
    }));
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

function spread(schedule: NoiseSchedule, kind: "karras" | "exponential", steps?: number): number[] {
  const finite = schedule.sigmas.filter((sigma) => sigma < Infinity);
  const options = {
    steps: steps ?? schedule.length,
    sigmaMin: finite[0],
    sigmaMax: finite[finite.length - 1],
  };
  if (kind === "karras") return [...karrasSigmas(options)];
  if (kind === "exponential") return [...exponentialSigmas(options)];
  throw new RangeError(`sigmas must be karras, exponential or a list, got ${String(kind)}`);
}

/** How a straight flow is cut into steps. */
export interface FlowOptions {
  readonly steps: number;
  /** Spends more steps where there is more noise; 1, none, unless told (Esser et al. 2024). */
  readonly shift?: number;
  /** The denoiser is told `length` times the noise; 1000 unless told. */
  readonly length?: number;
}

/**
 * The moves along a straight flow, `x = (1 - s) x0 + s epsilon`, from s = 1 to the clean level
 * (Lipman et al. 2023; Liu et al. 2023).
 *
 * @throws RangeError when steps is no positive integer.
 */
export function flowTrajectory({ steps, shift = 1, length = 1000 }: FlowOptions): Transition[] {
  if (!(Number.isInteger(steps) && steps >= 1)) {
    throw new RangeError(`steps must be a positive integer, got ${steps}`);
  }
  const level = (i: number): NoiseLevel => flowLevel(1 - i / steps, shift);
  return Array.from({ length: steps }, (_, i) => {
    const from = level(i);
    return { t: length * from.noise, from, to: level(i + 1) };
  });
}

/** The moves of either kind of path. */
export function transitionsOf(path: Path, options: TrajectoryOptions): readonly Transition[] {
  if (!("length" in path && "level" in path)) {
    if (path.length === 0) throw new RangeError("a path must have at least one move, got none");
    return path;
  }
  return trajectory(path, options);
}
