/*
 * Time steps and levels of the classes that count in lambda = log(signal / noise): DPM-Solver's,
 * UniPC, DEIS and SA-Solver. They place N + 1 points and drop the last one (but for trailing), and
 * round every time step to a whole one.
 */

import type { NoiseLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { type NoiseSchedule, readSchedulerConfig, roundHalfEven } from "@gen/schedules";
import type { Transition } from "../samplers/step.ts";
import { faults } from "./alpha-path.ts";
import type { ClassPath, ClassRun } from "./class-run.ts";
import {
  boundsOf,
  interpolated,
  type Spread,
  spreadOf,
  spreadSigmas,
  timeOfSigma,
  trainingSigmas,
} from "./class-sigmas.ts";
import { firstStep, givenTimes, refuseTimes, requireFound, stepsOf } from "./class-times.ts";
import { float32Sigmas } from "./float32-sigmas.ts";
import { flowNoises } from "./lambda-flow.ts";
import { inverseTimes, lambdaTimes, lastTime, trailingNotes } from "./lambda-times.ts";

/** Where the path of one class differs from DPMSolverMultistepScheduler's. */
export interface LambdaRules {
  /** Whether the time steps of Karras's and Lu's spreads keep fractions on a cosine schedule. */
  readonly cosineFractions?: boolean;
  /** What a spread path ends on where it does not end clean. @defaultValue the smallest sigma */
  readonly ends?: "smallest" | "last";
  /** The noises of a flow. @defaultValue {@link flowNoises} */
  readonly flow?: (run: ClassRun, n: number) => number[];
  /** Whether a flow's noises may be Karras's sigmas over sigma + 1. @defaultValue false */
  readonly karrasFlow?: boolean;
  /** Whether sigma stays finite at zero signal. @defaultValue but for x0 and v */
  readonly staysFinite?: boolean;
  /** Whether spread sigmas go up. @defaultValue false */
  readonly upwards?: boolean;
  /** Whether the class takes `timesteps`. @defaultValue false */
  readonly takesTimes?: boolean;
  /** Whether the class takes `mu`. @defaultValue true */
  readonly takesMu?: boolean;
}

/** Times and sigmas of such a class, one sigma more than times. */
export interface LambdaPath extends ClassPath {
  readonly times: readonly number[];
  readonly sigmas: readonly number[];
  /** The first move's place in `times`; above 0 where only a part is taken. */
  readonly first: number;
  readonly notes: readonly string[];
}

export function lambdaPath(run: ClassRun, rules: LambdaRules = {}): LambdaPath {
  refuseOptions(run, rules);
  const { settings, options, compat } = run;
  const betas = betaSchedule(run);
  const table = trainingSigmas({ ...run, schedule: betas });
  const given =
    options.timesteps &&
    givenTimes(options.timesteps, Number.POSITIVE_INFINITY, compat).map(Math.trunc);
  const spread = spreadOf(run);
  let n = options.sigmas?.length ?? given?.length ?? stepsOf(run, Number.MAX_SAFE_INTEGER);
  if (given && spread && spread !== "flow") refuseTimes(`where sigmas are spread (${spread})`);
  const notes: string[] = [];
  const known = run.single ? float32Sigmas(betas) : table;
  let { times, sigmas }: { times: number[]; sigmas: number[] } = spread
    ? spreadPath(run, rules, spread, known, n)
    : { times: given ?? lambdaTimes(run, n, lastTime(run, table)), sigmas: [] };
  if (!spread) {
    if (!given) notes.push(...trailingNotes(run, n, lastTime(run, table), times));
    const { solver_order: order = Math.max(settings.predictor_order, settings.corrector_order) } =
      settings;
    const distinct = [...new Set(times)];
    if (!compat && order > 1 && distinct.length < times.length) {
      notes.push(
        `${n} steps have ${distinct.length} distinct times; diffusers takes the equal ones too`,
      );
      times = distinct;
      n = distinct.length;
    }
    sigmas = times.map((t) => interpolated(t, table));
    const knows = ["x0", "v"].includes(run.config.predictionType);
    const { staysFinite = compat || !knows || firstStep(run, n) > 0 } = rules;
    if (settings.rescale_betas_zero_snr && !staysFinite && times[0] === betas.length - 1) {
      sigmas[0] = Infinity;
    }
  }
  times = times.map(Math.trunc);
  if (options.strength === undefined && compat) {
    if (!run.single) requireFound(times);
    else if (times[0] === times[1]) {
      notes.push(`diffusers fails where the first two time steps are equal, here ${times[0]}`);
    }
  }
  const { final_sigmas_type: final = "sigma_min" } = settings;
  const smallest = spread && rules.ends === "last" ? sigmas[sigmas.length - 1] : table[0];
  sigmas.push(final === "zero" ? 0 : smallest);
  const first = firstStep(run, n);
  if (sigmas[first] === Infinity) notes.push(faults.signal);
  return { times, sigmas, moves: lambdaMoves(run, times, sigmas, first), first, notes };
}

/** From each sigma to the next, from the `first` on; a flow's sigmas are its noises. */
function lambdaMoves(
  { settings }: ClassRun,
  times: readonly number[],
  sigmas: readonly number[],
  first: number,
): Transition[] {
  const most = Math.max(...sigmas.slice(first));
  if (settings.use_flow_sigmas && most > 1) {
    throw new ArgumentError(`use_flow_sigmas must be false where sigmas go past 1, got ${most}`);
  }
  const levels = sigmas.map((sigma): NoiseLevel => {
    if (settings.use_flow_sigmas) return { signal: 1 - sigma, noise: sigma };
    if (sigma === Infinity) return { signal: 0, noise: 1 };
    // The classes' arithmetic: a move between levels that differ by a rounding adds noise.
    const signal = 1 / Math.sqrt(sigma * sigma + 1);
    return { signal, noise: sigma * signal };
  });
  return times.map((t, i) => ({ t, from: levels[i], to: levels[i + 1] })).slice(first);
}

/** The schedule of the config's betas, which a flow's class has besides. */
function betaSchedule({ schedule, config, settings }: ClassRun): NoiseSchedule {
  if (!settings.use_flow_sigmas) return schedule;
  const plain = { ...config.settings, _class_name: config.className, use_flow_sigmas: false };
  return readSchedulerConfig({ ...plain, shift_terminal: null }).schedule;
}

/** Sigmas of a spread and their time steps, fractions still included where they are cut off. */
function spreadPath(
  run: ClassRun,
  { cosineFractions, flow = flowNoises, karrasFlow, upwards }: LambdaRules,
  spread: NonNullable<Spread>,
  table: Float64Array,
  n: number,
) {
  const { settings } = run;
  const ofNoise = (noise: number) => noise * settings.num_train_timesteps;
  if (spread === "flow") {
    const sigmas = flow(run, n);
    return { times: sigmas.map(ofNoise), sigmas };
  }
  const own = Float64Array.from(run.options.sigmas ?? table);
  const ends = [own[own.length - 1], own[0]];
  // The inverse class does not turn its sigmas round, so that they go up.
  if (upwards) ends.reverse();
  const { high, low } = boundsOf(run, spread);
  const sigmas = spreadSigmas(spread, high ?? ends[0], low ?? ends[1], n);
  if (spread === "karras" && settings.use_flow_sigmas && karrasFlow) {
    const noises = sigmas.map((sigma) => sigma / (sigma + 1));
    return { times: noises.map(ofNoise), sigmas: noises };
  }
  const logs = own.map(run.single ? (sigma) => Math.fround(Math.log(sigma)) : Math.log);
  const rounds = spread === "karras" || spread === "lu";
  const fractions = cosineFractions && settings.beta_schedule === "squaredcos_cap_v2";
  const times = sigmas.map((sigma) => timeOfSigma(sigma, logs));
  return { times: rounds && !fractions ? times.map(roundHalfEven) : times, sigmas };
}

/** Throws RangeError when an option is given that the class does not take. */
export function refuseOptions({ config, settings, options }: ClassRun, rules: LambdaRules): void {
  const { className } = config;
  const { sigmas, timesteps, mu } = options;
  if (sigmas && !(rules.flow && settings.use_flow_sigmas)) {
    const where = rules.flow ? "where use_flow_sigmas is false" : `for ${className}`;
    throw new ArgumentError(`sigmas must be left out ${where}, got [${sigmas.join(", ")}]`);
  }
  if (timesteps && !rules.takesTimes) {
    throw new ArgumentError(`timesteps must be left out for ${className}`);
  }
  if (mu === undefined && rules.flow && settings.use_dynamic_shifting) {
    throw new ArgumentError("mu must be given where use_dynamic_shifting is true, got undefined");
  }
  if (mu === undefined || rules.flow) return;
  if (rules.takesMu === false || !settings.use_dynamic_shifting) {
    throw new ArgumentError(`mu must be left out unless use_dynamic_shifting is true, got ${mu}`);
  }
  if (settings.time_shift_type !== "exponential") {
    throw new ArgumentError(`time_shift_type must be exponential where mu is given, got linear`);
  }
}

/**
 * The path of DPMSolverMultistepInverseScheduler: upwards from the cleanest level, of N + 1 points
 * without the last, and on to the noisiest. A flow goes down, as the class has it. Time steps that
 * come twice are dropped from the times but not from the sigmas.
 */
export function inversePath(run: ClassRun): LambdaPath {
  refuseOptions(run, { takesMu: false });
  const table = trainingSigmas({ ...run, schedule: betaSchedule(run) });
  const spread = spreadOf(run);
  const n = stepsOf(run, Number.MAX_SAFE_INTEGER);
  const last = lastTime(run, table);
  let { times, sigmas } = { times: inverseTimes(run, n, last), sigmas: [] as number[] };
  if (spread) ({ times, sigmas } = spreadPath(run, { upwards: true }, spread, table, n));
  else sigmas = times.map((t) => interpolated(t, table));
  sigmas.push(spread ? sigmas[sigmas.length - 1] : table[last - 1]);
  const notes = spread ? [] : trailingNotes(run, n, last, times);
  times = [...new Set(times)].map(Math.trunc);
  const first = firstStep(run, n);
  requireFound(times, first);
  return { times, sigmas, moves: lambdaMoves(run, times, sigmas, first), first, notes };
}
