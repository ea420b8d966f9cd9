import { cleanLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { lcmSteps } from "../samplers/lcm.ts";
import type { Step } from "../samplers/step.ts";
import { tcdSteps } from "../samplers/tcd.ts";
import { estimableMoves, refuseOptions, wholeTimes } from "./alpha-path.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { firstStep, stepsOf } from "./class-times.ts";
import { unclipped } from "./cogvideox-classes.ts";

/** The time steps that a distilled model knows, descending, as far as `strength` reaches. */
function knownTimes({ options, settings }: ClassRun, every: boolean): number[] {
  const { strength = 1, originalInferenceSteps } = options;
  const T = settings.num_train_timesteps;
  const [name, original] =
    originalInferenceSteps === undefined
      ? ["original_inference_steps", settings.original_inference_steps]
      : ["originalInferenceSteps", originalInferenceSteps];
  if (!(Number.isInteger(original) && original >= 1 && (every || original <= T))) {
    throw new ArgumentError(`${name} must be an integer in 1..${T}, got ${original}`);
  }
  if (every) {
    const count = Math.trunc(T * strength);
    return Array.from({ length: count }, (_, i) => count - 1 - i);
  }
  const stride = Math.floor(T / original);
  const count = Math.trunc(original * strength);
  return Array.from({ length: count }, (_, i) => (count - i) * stride - 1);
}

/** Few time steps of those that a model knows, or the caller's own. */
function fewTimes(run: ClassRun, every: boolean): { times: number[]; first: number } {
  const { options, settings } = run;
  const given = wholeTimes(run);
  if (given) {
    if (run.compat) knownTimes(run, every);
    const first = firstStep(run, given.length);
    return { times: given.slice(first), first };
  }
  const known = knownTimes(run, every);
  const { strength = 1, originalInferenceSteps: original = settings.original_inference_steps } =
    options;
  if (!(strength > 0 && strength <= 1)) {
    throw new ArgumentError(`strength must be in (0, 1], got ${strength}`);
  }
  const most = Math.min(known.length, original, settings.num_train_timesteps);
  if (most === 0) {
    throw new ArgumentError(`strength must leave a step of ${original}, got ${strength}`);
  }
  const n = stepsOf(run, most, Math.min(4, most));
  const stride = known.length / n;
  const times = Array.from({ length: n }, (_, i) => known[Math.floor(i * stride)]);
  return { times, first: 0 };
}

/** LCMScheduler. */
export function lcmTable(run: ClassRun): ClassTable {
  refuseOptions(run, ["timesteps", "originalInferenceSteps"]);
  const { config, settings, schedule, compat } = run;
  const { times, first } = fewTimes(run, false);
  // The class adds noise on the last step too where strength drops some of the caller's time steps.
  const noisy = first > 0;
  const moves = times.map((t, i) => {
    const next = i + 1 < times.length ? times[i + 1] : compat && noisy ? t : -1;
    return { t, from: schedule.level(t), to: next < 0 ? cleanLevel : schedule.level(next) };
  });
  const steps = lcmSteps(estimableMoves(run, moves), {
    predicts: config.predictionType,
    timestepScaling: settings.timestep_scaling,
  });
  const note = "the last step adds no noise, where diffusers adds it with timesteps and strength";
  return { steps, notes: noisy && !compat ? [note] : [] };
}

/** TCDScheduler, which clips nothing, whatever its config says. Its eta is the paper's gamma. */
export function tcdTable(run: ClassRun): ClassTable {
  refuseOptions(run, ["timesteps", "originalInferenceSteps", "eta"]);
  const { config, options, schedule } = run;
  const { eta = 0.3 } = options;
  if (!(eta >= 0 && eta <= 1)) throw new ArgumentError(`eta must be in [0, 1], got ${eta}`);
  const { times } = fewTimes(run, options.originalInferenceSteps !== undefined);
  const moves = times.map((t) => ({ t, from: schedule.level(t), to: cleanLevel }));
  estimableMoves(unclipped(run), moves);
  const predicts = config.predictionType;
  return { steps: tcdSteps(schedule, { spacing: times, gamma: eta, predicts }), clip: false };
}

/**
 * ConsistencyDecoderScheduler: two steps, whose network sees x times `c_in` and gives the clean
 * estimate by the boundary scaling of Song et al. 2023, in the scale where signal is 1.
 */
export function consistencyDecoderTable(run: ClassRun): ClassTable {
  refuseOptions(run, []);
  const { options, settings, schedule } = run;
  const { steps: n = 2, strength } = options;
  if (n !== 2) throw new ArgumentError(`steps must be 2 for ConsistencyDecoderScheduler, got ${n}`);
  const times = [1008, 512];
  if (schedule.length <= times[0]) {
    throw new ArgumentError(
      `num_train_timesteps must be above ${times[0]} for ConsistencyDecoderScheduler, got ` +
        `${schedule.length}`,
    );
  }
  const data = settings.sigma_data;
  const scalings = times.map((t) => {
    const { signal, noise } = schedule.level(t);
    const sigma = schedule.sigmas[t];
    const norm = Math.hypot(sigma, data);
    return {
      signal,
      noise,
      skip: data ** 2 / norm ** 2 / signal,
      out: (sigma * data) / norm,
      input: 1 / norm / signal,
    };
  });
  const first = firstStep(run, n);
  const steps = times.map((t, i): Step => {
    const { skip, out, input } = scalings[i];
    const end = scalings[i + 1] ?? { signal: 1, noise: 0, input: 1 };
    return {
      t,
      predicts: "epsilon",
      denoised: { x: skip / input, prediction: out },
      next: { x0: end.input * end.signal, x: 0, prediction: 0, noise: end.input * end.noise },
    };
  });
  const { input, noise } = scalings[first];
  const initialScale = input * (strength === undefined ? noise : 1);
  return { steps: steps.slice(first), initialScale };
}
