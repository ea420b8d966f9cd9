/*
 * A sampler as a table of plain numbers: one Step for each evaluation of the denoiser.
 *
 *   x0 = denoised.x x + denoised.prediction prediction
 *   x' = next.x0 x0 + next.x x + next.prediction prediction + next.noise z
 *
 * The files of this folder make such tables from noise levels; `run/loop.ts` takes their steps;
 * `run/step-graph.ts` holds the step's arithmetic. Three steps of DDIM are
 *
 *   stepTable(levelTransitions(schedule, [900, 600, 300]))
 */

import {
  denoisedCoefficients,
  type EstimateCoefficients,
  epsilonCoefficients,
  type NoiseLevel,
  type PredictionType,
  posteriorCoefficients,
} from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";
import { checkPath } from "./check-path.ts";

/**
 * One row of a sampler's table, plain numbers that survive JSON.
 *
 * `x0 = denoised.x * x + denoised.prediction * prediction`, clipped where asked, then
 * `x' = next.x0 * x0 + next.x * x + next.prediction * prediction + next.noise * z`, to which a
 * multistep method adds the x0 of earlier rows (`next.history`). A learned variance and Langevin
 * dynamics multiply the noise.
 */
export interface Step {
  /** The denoiser's 0-based time step; a network gets the nearest whole one. */
  readonly t: number;
  /** What the denoiser predicts, for which `denoised` is made. */
  readonly predicts: PredictionType;
  /** Makes the clean estimate of x and the prediction. */
  readonly denoised: EstimateCoefficients;
  /** Makes the next x. */
  readonly next: NextCoefficients;
  /** What later rows' `next.history` multiplies, one or several. @defaultValue this row's x0 */
  readonly keeps?: KeptCoefficients | readonly KeptCoefficients[];
  /** For learned variances: how to read the variance from the denoiser's extra channels. */
  readonly variance?: LearnedVariance;
  /**
   * Whether the row is a step of Langevin dynamics, whose denoiser predicts the score (Song et al.
   * 2021, algorithms 4 and 5). `next.noise` is then multiplied by r, the mean length of z over the
   * mean length of the score, both over the batch, and the mean gains
   * `(r * next.noise)^2 / 2 * score`. Samples of one batch depend on each other.
   * @defaultValue false
   */
  readonly langevin?: boolean;
}

/** The part of a {@link Step} that makes the next sample; `noise` multiplies standard normal z. */
export interface NextCoefficients {
  /** Multiplies the clean estimate, clipped where asked. */
  readonly x0: number;
  /** Multiplies the present x. */
  readonly x: number;
  /** Multiplies the denoiser's prediction. */
  readonly prediction: number;
  /** Multiplies fresh standard normal numbers z; 0 draws none. */
  readonly noise: number;
  /**
   * Multiplies what the rows before this one kept, the latest row first, each row's in their order.
   * @defaultValue none
   */
  readonly history?: readonly number[];
}

/** `x0 * x0 + x * x + prediction * prediction` of a {@link Step}, kept for later rows. */
export interface KeptCoefficients {
  /** Multiplies the clean estimate. */
  readonly x0: number;
  /** Multiplies the x before the step. */
  readonly x: number;
  /** Multiplies the denoiser's prediction. */
  readonly prediction: number;
}

/**
 * A variance from the second half of the denoiser's channels (axis 1), raw numbers v: the variance
 * or its logarithm (`of`) is `offset + slope * v`. The variance's root multiplies `next.noise * z`.
 */
export interface LearnedVariance {
  /** Whether the line gives the variance or its logarithm. */
  readonly of: "variance" | "logVariance";
  /** The line's value at v = 0. */
  readonly offset: number;
  /** What v is multiplied by. */
  readonly slope: number;
}

/** A transition from one noise level to another, with the denoiser's time step. */
export interface Transition {
  /** The denoiser's 0-based time step, at `from`. */
  readonly t: number;
  /** The level before the step. */
  readonly from: NoiseLevel;
  /** The level after the step. */
  readonly to: NoiseLevel;
}

/**
 * The transitions along a descending list of a schedule's time steps, from the last one to `end`,
 * by default the level that the schedule's sampling ends on.
 *
 * @param schedule Gives each time step its noise level.
 * @param list Time steps, descending, 0-based.
 * @param end The level after the last step. Default: where the schedule's sampling ends.
 * @throws RangeError when the list is none of time steps, or the schedule does not have one.
 */
export function levelTransitions(
  schedule: NoiseSchedule,
  list: readonly number[],
  end: NoiseLevel = endOf(schedule),
): Transition[] {
  checkArguments(
    { schedule, list, end },
    { schedule: rules.SCHEDULE, list: rules.listOf(rules.NUMBER), end: rules.LEVEL },
  );
  const transitions: Transition[] = [];
  let from = schedule.level(list[0]);
  for (let i = 0; i < list.length; i++) {
    const to = i + 1 < list.length ? schedule.level(list[i + 1]) : end;
    transitions.push({ t: list[i], from, to });
    from = to;
  }
  return transitions;
}

function endOf(schedule: NoiseSchedule): NoiseLevel {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  return schedule.level(-1);
}

/** How a transition becomes a {@link Step}. */
export interface StepOptions {
  /** What the denoiser predicts. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /** Fresh noise, from 0 (DDIM, none) to 1 (DDPM's posterior). @defaultValue 0 */
  readonly eta?: number;
  /**
   * Whether a clipped x0 goes with the noise as it was predicted, as in diffusers' DDIM, or with
   * the noise that the clipped x0 implies, as in OpenAI's code. Without clipping both are the same.
   * @defaultValue false
   */
  readonly keepEpsilon?: boolean;
}

/**
 * The rows that move x through noise levels: each takes its coefficients from its own two levels.
 *
 * `next` holds {@link posteriorCoefficients}; with `keepEpsilon` it is
 * `x' = to.signal * x0 + sqrt(to.noise^2 - noise^2) * epsilon + noise * z` (Song et al. 2021,
 * eq. 12) with epsilon written in x and the prediction.
 *
 * @param path The moves, in order.
 * @param options Eta and prediction type. Default: eta 0, epsilon.
 * @throws RangeError when eta is outside [0, 1]; when a prediction says nothing of x0 at its
 * level, such as epsilon at zero signal.
 */
export function stepTable(path: readonly Transition[], options: StepOptions = {}): Step[] {
  checkPath(path, options);
  return stepsAlong(path, options);
}

/** {@link stepTable} for a path and options that are known to be right. */
export function stepsAlong(path: readonly Transition[], options: StepOptions): Step[] {
  const { predicts = "epsilon", eta = 0, keepEpsilon = false } = options;
  const nextOf = keepEpsilon ? keptEpsilon : derivedEpsilon;
  return path.map((transition) => ({
    t: transition.t,
    predicts,
    denoised: denoisedCoefficients(predicts, transition.from),
    next: nextOf(transition, predicts, eta),
  }));
}

function derivedEpsilon({ from, to }: Transition, _: PredictionType, eta: number) {
  const { x0, x, noise } = posteriorCoefficients(from, to, eta);
  return { x0, x, prediction: 0, noise };
}

function keptEpsilon(
  { from, to }: Transition,
  predicts: PredictionType,
  eta: number,
): NextCoefficients {
  // Without fresh noise this needs nothing of `from`, which inversion may start clean.
  const posterior = eta === 0 ? undefined : posteriorCoefficients(from, to, eta);
  const direction = posterior ? posterior.x * from.noise : to.noise;
  const { x, prediction } =
    direction === 0 ? { x: 0, prediction: 0 } : epsilonCoefficients(predicts, from);
  return {
    x0: to.signal,
    x: direction * x,
    prediction: direction * prediction,
    noise: posterior?.noise ?? 0,
  };
}
