import type { NoiseLevel } from "@gen/math";
import { numpyLinspace, roundHalfEven } from "@gen/schedules";
import type { Transition } from "../samplers/step.ts";
import { faults, spacingNotes } from "./alpha-path.ts";
import type { ClassPath, ClassRun } from "./class-run.ts";
import {
  boundsOf,
  interpolated,
  levelOfSigma,
  spreadOf,
  spreadSigmas,
  timeOfSigma,
  trainingSigmas,
} from "./class-sigmas.ts";
import {
  firstStep,
  givenTimes,
  refuseTimes,
  requireFound,
  spacedTimes,
  stepsOf,
} from "./class-times.ts";

/** Where the path of one of k-diffusion's classes differs from the others'. */
interface SigmaPathOptions {
  /** Whether Karras's time steps are rounded (KDPM2 ancestral). @defaultValue false */
  readonly roundsKarras?: boolean;
}

/** Times and sigmas of the classes that scale the signal to 1: Euler, Heun, LMS, KDPM2, SDE. */
export interface SigmaPath extends ClassPath {
  readonly times: readonly number[];
  /** As many as `times` and one more, or two more for `interpolation_type: "log_linear"`. */
  readonly sigmas: readonly number[];
  /** The first move's place in `times`; above 0 where only a part is taken. */
  readonly first: number;
  readonly notes: readonly string[];
}

/**
 * The path of k-diffusion's classes, in what the network sees: x over `sqrt(sigma^2 + 1)`.
 *
 * At zero signal the sigma is infinite; the classes take 4096 instead, with `compat` and wherever
 * sigmas are interpolated or spread.
 */
export function sigmaPath(run: ClassRun, options: SigmaPathOptions = {}): SigmaPath {
  const { times, sigmas, notes } = timesAndSigmas(run, options);
  const first = firstStep(run, times.length);
  if (run.options.strength === undefined && run.compat) requireFound(times);
  const apart = sigmas[first] === Infinity && !run.options.sigmas;
  return {
    times,
    sigmas,
    moves: sigmaMoves(times, sigmas).slice(first),
    initialScale: startScale(run, sigmas, sigmas[first]),
    first,
    notes: apart ? [...notes, faults.signal] : notes,
  };
}

function timesAndSigmas(run: ClassRun, { roundsKarras }: SigmaPathOptions) {
  const { settings, options, schedule, compat } = run;
  const table = trainingSigmas(run);
  const logs = table.map(Math.log);
  const continuous =
    settings.timestep_type === "continuous" && settings.prediction_type === "v_prediction";
  if (options.sigmas) {
    const sigmas = [...options.sigmas];
    const timeOf = continuous ? continuousTime : (sigma: number) => timeOfSigma(sigma, logs);
    return { times: sigmas.slice(0, -1).map(timeOf), sigmas, notes: [] };
  }
  const given =
    options.timesteps && givenTimes(options.timesteps, Number.POSITIVE_INFINITY, compat);
  const spread = spreadOf(run);
  if (given && spread) refuseTimes(`where sigmas are spread (${spread})`);
  if (given && continuous) refuseTimes("where timestep_type is continuous");
  const n = given?.length ?? stepsOf(run, Number.MAX_SAFE_INTEGER);
  const notes = given ? [] : spacingNotes(run, n);
  let times = given ?? spacedTimes(run, n, { rounded: false });
  let sigmas = times.map((t) => interpolated(t, table));
  if (settings.interpolation_type === "log_linear") {
    sigmas = numpyLinspace(logs[logs.length - 1], logs[0], n + 1).map(Math.exp);
  }
  if (spread) {
    const { high, low } = boundsOf(run, spread);
    sigmas = spreadSigmas(spread, high ?? sigmas[0], low ?? sigmas[sigmas.length - 1], n);
    times = sigmas.map((sigma) => timeOfSigma(sigma, logs));
    if (spread === "karras" && roundsKarras) times = times.map(roundHalfEven);
  } else if (settings.rescale_betas_zero_snr && !compat && !continuous && !firstStep(run, n)) {
    sigmas = sigmas.map((sigma, i) => (times[i] === schedule.length - 1 ? Infinity : sigma));
  }
  sigmas.push(settings.final_sigmas_type === "sigma_min" ? table[0] : 0);
  if (continuous) times = sigmas.slice(0, -1).map(continuousTime);
  return { times, sigmas, notes };
}

const continuousTime = (sigma: number): number => 0.25 * Math.log(sigma);

/** From each sigma to the next; the last one in the classes' own scale, where signal is 1. */
export function sigmaMoves(times: readonly number[], sigmas: readonly number[]): Transition[] {
  const level = (i: number): NoiseLevel =>
    i < times.length ? levelOfSigma(sigmas[i]) : { signal: 1, noise: sigmas[i] };
  return times.map((t, i) => ({ t, from: level(i), to: level(i + 1) }));
}

/**
 * `init_noise_sigma` over what the first network's input is divided by; where only a part of the
 * steps is taken, the class starts from a sample of its own scale.
 */
function startScale({ options, settings }: ClassRun, sigmas: readonly number[], first: number) {
  const input = 1 / Math.hypot(first, 1);
  if (options.strength !== undefined) return input;
  const most = Math.max(...sigmas);
  if (most === Infinity) return 1;
  return input * (settings.timestep_spacing === "leading" ? Math.hypot(most, 1) : most);
}
