import type { NoiseLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Transition } from "../samplers/step.ts";
import type { ClassOptions, ClassRun } from "./class-run.ts";
import { firstStep, givenTimes, spacedTimes, stepsOf } from "./class-times.ts";

/** Notes on the faults of diffusers that a table leaves out. */
export const faults = {
  stride: "each step goes to the next listed time, where diffusers goes to t - floor(T / N)",
  trailing: "trailing has N time steps, where diffusers' rounding adds one, -1",
  signal: "the first level has no signal; diffusers takes sigma 4096 there",
  offset: "steps_offset is lowered to stay below num_train_timesteps, where diffusers fails",
} as const;

/** Throws where the caller gives an option that the class does not take. */
export function refuseOptions({ config, options }: ClassRun, allowed: (keyof ClassOptions)[]) {
  const always = ["steps", "compat", "strength", "imageLength"];
  const classOptions = [
    ...["timesteps", "sigmas", "eta", "sChurn", "sTmin", "sTmax", "sNoise"],
    ...["originalInferenceSteps", "useClippedModelOutput", "mu"],
    ...["maxTimesteps", "intermediateTimesteps"],
  ] as (keyof ClassOptions)[];
  for (const name of classOptions) {
    if (options[name] === undefined || always.includes(name) || allowed.includes(name)) continue;
    throw new ArgumentError(
      `${name} must be left out for ${config.className}, got ${JSON.stringify(options[name])}`,
    );
  }
}

/** Time steps that the caller gave, in place of a number of steps. */
export function wholeTimes({ options, schedule, compat }: ClassRun): number[] | undefined {
  if (!options.timesteps) return undefined;
  if (options.steps !== undefined) {
    throw new ArgumentError(
      `steps must be left out where timesteps are given, got ${options.steps}`,
    );
  }
  const times = givenTimes(options.timesteps, schedule.length);
  if (compat) return times.map(Math.trunc);
  const part = times.find((t) => !Number.isInteger(t));
  if (part === undefined) return times;
  throw new ArgumentError(`timesteps must be integers, got ${part}`);
}

/**
 * The level of a time step as diffusers looks it up: -1, which a trailing list may end in, is the
 * last one.
 */
export function levelOfTime({ schedule, settings }: ClassRun, t: number): NoiseLevel {
  if (t < schedule.length) return schedule.level(t < 0 ? schedule.length + t : t);
  throw new ArgumentError(
    `steps_offset must keep every time step below ${schedule.length}, got ` +
      `${settings.steps_offset}, which gives ${t}`,
  );
}

/** How a class's path is made. */
interface AlphaPathOptions {
  /** Where the last step goes. @defaultValue the level that the schedule's sampling ends on */
  readonly end?: NoiseLevel;
  /** Whether the class goes to `t - floor(T / N)`, whatever is listed. @defaultValue false */
  readonly strided?: boolean;
  /** How many steps are taken where the caller does not say. @defaultValue 20 */
  readonly usualSteps?: number;
}

/** The moves of a class that goes from one alphasCumprod to another. */
export interface AlphaPath {
  readonly moves: readonly Transition[];
  /** The time step that each move goes to; below 0 where it ends. */
  readonly nexts: readonly number[];
  /** The alphasCumprod of both ends of each move. */
  readonly alphas: readonly (readonly [now: number, then: number])[];
  readonly notes: readonly string[];
}

/** Notes on what a class's rounding adds to `n` spaced time steps. */
export function spacingNotes(run: ClassRun, n: number): string[] {
  if (run.compat || run.settings.timestep_spacing !== "trailing") return [];
  const theirs = spacedTimes({ ...run, compat: true }, n, { rounded: true });
  return theirs.length > n ? [faults.trailing] : [];
}

/** All time steps of a run, how many the caller wants, and notes on the faults they leave out. */
export function listedTimes(
  run: ClassRun,
  { usualSteps, most }: { readonly usualSteps?: number; readonly most?: number } = {},
) {
  const { settings, compat } = run;
  const T = settings.num_train_timesteps;
  const notes: string[] = [];
  const given = wholeTimes(run);
  if (given) return { times: given, n: given.length, notes };
  const n = stepsOf(run, most, usualSteps);
  let times = spacedTimes(run, n, { rounded: true });
  notes.push(...spacingNotes(run, n));
  const excess = times[0] - (T - 1);
  if (!compat && excess > 0) {
    times = times.map((t) => t - excess);
    notes.push(faults.offset);
  }
  return { times, n, notes };
}

/** The path of a class over listed time steps. */
export function alphaPath(run: ClassRun, options: AlphaPathOptions = {}): AlphaPath {
  const { schedule, settings, compat } = run;
  const { end = schedule.level(-1), strided = false } = options;
  const { times, n, notes } = listedTimes(run, options);
  const stride = Math.floor(settings.num_train_timesteps / n);
  const listed = times.map((_, i) => times[i + 1] ?? -1);
  const strides = times.map((t) => Math.max(t - stride, -1));
  const apart = strided && strides.some((next, i) => next !== listed[i]);
  if (apart && !compat) notes.push(faults.stride);
  const first = firstStep(run, n);
  const nexts = (apart && compat ? strides : listed).slice(first);
  const taken = times.slice(first);
  const moves = taken.map((t, i): Transition => {
    const from = levelOfTime(run, t);
    return { t, from, to: nexts[i] < 0 ? end : levelOfTime(run, nexts[i]) };
  });
  const { alphasCumprod } = schedule;
  const product = (t: number) => alphasCumprod[t < 0 ? schedule.length + t : t];
  const endProduct = schedule.setAlphaToOne ? 1 : product(0);
  const alphas = taken.map(
    (t, i) => [product(t), nexts[i] < 0 ? endProduct : product(nexts[i])] as const,
  );
  return { moves, nexts, alphas, notes };
}

// In place of zero signal: its reciprocal fits into float32, and takes every estimate out of bounds.
const FAINT = 1e-30;

/**
 * The moves for what the network predicts. At a level without signal, epsilon says nothing of x0: the
 * class divides by zero, and a clip then gives its bounds.
 *
 * @throws RangeError when a move starts there, unless the class is followed fault for fault and
 * clips.
 */
export function estimableMoves({ config, compat }: ClassRun, moves: readonly Transition[]) {
  if (config.predictionType !== "epsilon") return moves;
  return moves.map((move): Transition => {
    if (move.from.signal !== 0) return move;
    if (compat && config.clip !== null && config.thresholding === null) {
      return { ...move, from: { ...move.from, signal: FAINT } };
    }
    throw new ArgumentError(
      `prediction_type must be v_prediction or sample where a step starts without signal ` +
        `(rescale_betas_zero_snr, t = ${move.t}), got epsilon`,
    );
  });
}
