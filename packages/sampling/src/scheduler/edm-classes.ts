import type { EstimateCoefficients, NoiseLevel } from "@gen/math";
import { numpyLinspace } from "@gen/schedules";
import { ipndmSteps } from "../samplers/ipndm.ts";
import { type Step, stepTable, type Transition } from "../samplers/step.ts";
import { churned } from "./churn.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { firstStep, givenTimes, stepsOf } from "./class-times.ts";

/** The sigmas of Karras et al. 2022, from `sigma_max` at 0 to `sigma_min` at 1. */
function karrasAt({ settings }: ClassRun, part: number): number {
  const { sigma_min, sigma_max, rho } = settings;
  const [low, high] = [Number(sigma_min) ** (1 / rho), Number(sigma_max) ** (1 / rho)];
  return (high + part * (low - high)) ** rho;
}

/** What EDM's network sees at a sigma: x over `sqrt(sigma^2 + sigma_data^2)`. */
function edmLevel({ settings }: ClassRun, sigma: number): NoiseLevel {
  const norm = Math.hypot(sigma, settings.sigma_data);
  return { signal: 1 / norm, noise: sigma / norm };
}

/** EDM's estimate of the class's sample, `c_skip x + c_out F` (Karras et al. 2022, table 1). */
function edmEstimate({ settings }: ClassRun, sigma: number): EstimateCoefficients {
  const { sigma_data: data, prediction_type: type } = settings;
  const square = sigma ** 2 + data ** 2;
  const out = (sigma * data) / Math.sqrt(square);
  return { x: data ** 2 / square, prediction: type === "v_prediction" ? -out : out };
}

/** The sigmas of EDM's classes, `options.sigmas` being places of the ramp, as they have it. */
export function edmSigmas(run: ClassRun): number[] {
  const { settings, options } = run;
  const ramp = options.sigmas ?? numpyLinspace(0, 1, stepsOf(run, Number.MAX_SAFE_INTEGER));
  const [low, high] = [Number(settings.sigma_min), Number(settings.sigma_max)];
  const sigmas =
    settings.sigma_schedule === "karras"
      ? ramp.map((part) => karrasAt(run, part))
      : numpyLinspace(Math.log(low), Math.log(high), ramp.length).map(Math.exp).reverse();
  const end = settings.final_sigmas_type === "sigma_min" ? sigmas[sigmas.length - 1] : 0;
  return [...sigmas, end];
}

/** The path of EDMEulerScheduler, in what its network sees. */
function edmPath(run: ClassRun) {
  const sigmas = edmSigmas(run);
  const n = sigmas.length - 1;
  const first = firstStep(run, n);
  const level = (i: number) => (i < n ? edmLevel(run, sigmas[i]) : { signal: 1, noise: sigmas[i] });
  const moves: Transition[] = sigmas
    .slice(0, n)
    .map((sigma, i) => ({ t: 0.25 * Math.log(sigma), from: level(i), to: level(i + 1) }));
  const input = moves[first].from.signal;
  const start =
    run.options.strength === undefined ? Math.hypot(Number(run.settings.sigma_max), 1) : 1;
  return { sigmas, first, moves: moves.slice(first), initialScale: start * input };
}

/** x0 of what the network sees, in place of the one that `predicts` would give. */
export const edmDenoised = (run: ClassRun, sigma: number): EstimateCoefficients => {
  const { x, prediction } = edmEstimate(run, sigma);
  return { x: x * Math.hypot(sigma, run.settings.sigma_data), prediction };
};

/** EDMEulerScheduler. */
export function edmEulerTable(run: ClassRun): ClassTable {
  const { moves, sigmas, first, initialScale } = edmPath(run);
  const { predictionType: predicts } = run.config;
  const steps = stepTable(moves, { predicts }).map((step, i) => {
    const at = first + i;
    const row = { ...step, denoised: edmDenoised(run, sigmas[at]) };
    return churned(run, row, {
      sigmas,
      at,
      input: moves[i].to.signal,
      dataDeviation: run.settings.sigma_data,
      estimate: (_, raised) => edmEstimate(run, raised),
    });
  });
  return { steps, sigmas, initialScale };
}

/**
 * CMStochasticIterativeScheduler (Song et al. 2023, algorithm 1): from clean estimate to clean
 * estimate, with fresh noise in between.
 */
export function consistencyTable(run: ClassRun): ClassTable {
  const { settings, options, schedule } = run;
  const { sigma_data: data, clip_denoised: clips, s_noise: sNoise } = settings;
  const [low, high] = [Number(settings.sigma_min), Number(settings.sigma_max)];
  const T = schedule.length;
  const given = options.timesteps && givenTimes(options.timesteps, T).map(Math.trunc);
  const n = given?.length ?? stepsOf(run);
  const first = firstStep(run, n);
  const stride = Math.floor(T / n);
  const places = given ? [...given].reverse() : Array.from({ length: n }, (_, i) => i * stride);
  const sigmas = [...places.map((place) => karrasAt(run, place / (T - 1))), low];
  const steps = sigmas.slice(0, n).map((sigma, i): Step => {
    const norm = Math.hypot(sigma, data);
    const skip = data ** 2 / ((sigma - low) ** 2 + data ** 2);
    const out = ((sigma - low) * data) / norm;
    const to = i + 1 < T ? sigmas[i + 1] : low;
    const raised = Math.min(Math.max(to, low), high);
    const input = i + 1 < n ? 1 / Math.hypot(to, data) : 1;
    const noise = n > 1 ? sNoise * Math.sqrt(raised ** 2 - low ** 2) : 0;
    return {
      t: 250 * Math.log(sigma + 1e-44),
      predicts: run.config.predictionType,
      denoised: { x: skip * norm, prediction: out },
      next: { x0: input, x: 0, prediction: 0, noise: input * noise },
    };
  });
  const start = options.strength === undefined ? high : 1;
  const initialScale = start / Math.hypot(sigmas[first], data);
  return { steps: steps.slice(first), sigmas, initialScale, clip: clips ? 1 : false };
}

/** IPNDMScheduler: its own levels, noise `sin(pi s / 2)^2` at s from 1 down. */
export function ipndmTable(run: ClassRun): ClassTable {
  const betas = run.config.settings.trained_betas as readonly number[] | null;
  const n = betas ? betas.length - 1 : stepsOf(run, Number.MAX_SAFE_INTEGER);
  const noises = betas ?? numpyLinspace(1, 0, n + 1).map((s) => Math.sin((s * Math.PI) / 2) ** 2);
  const levels = noises.map((noise): NoiseLevel => ({ signal: Math.sqrt(1 - noise ** 2), noise }));
  const moves = levels.slice(0, n).map((from, i) => ({
    t: (Math.atan2(from.noise, from.signal) / Math.PI) * 2,
    from,
    to: levels[i + 1],
  }));
  const first = firstStep(run, n);
  return { steps: ipndmSteps(moves.slice(first), { predicts: "v" }) };
}

/**
 * ScoreSdeVeScheduler, as ScoreSdeVePipeline calls it (Song et al. 2021, algorithms 2 and 4): the
 * network gives the score at sigma. Some steps of Langevin dynamics correct x, then the predictor
 * takes `x' = x + d^2 score + d z` with `d^2 = sigma^2 - sigma'^2`.
 */
export function scoreSdeTable(run: ClassRun): ClassTable {
  const { settings, options, compat } = run;
  const [low, high] = [Number(settings.sigma_min), Number(settings.sigma_max)];
  const n = stepsOf(run, Number.MAX_SAFE_INTEGER);
  const times = numpyLinspace(1, settings.sampling_eps, n);
  const sigmas = times.map((time) => low * (high / low) ** time);
  const discrete = numpyLinspace(Math.log(low), Math.log(high), n).map(Math.exp);
  const steps = times.flatMap((time, i): Step[] => {
    const place = Math.trunc(time * (n - 1));
    const variance = discrete[place] ** 2 - (place === 0 ? 0 : discrete[place - 1]) ** 2;
    const level = {
      t: sigmas[i],
      predicts: run.config.predictionType,
      denoised: { x: 1, prediction: sigmas[i] ** 2 },
    };
    const langevin = { x0: 0, x: 1, prediction: 0, noise: 2 * settings.snr };
    const corrector: Step = { ...level, next: langevin, langevin: true };
    const noise = compat || i < n - 1 ? Math.sqrt(variance) : 0;
    const predictor: Step = { ...level, next: { x0: 0, x: 1, prediction: variance, noise } };
    return [...Array.from({ length: settings.correct_steps }, () => corrector), predictor];
  });
  const notes = ["the last step adds no noise, where diffusers adds it and its pipeline drops it"];
  const initialScale = options.strength === undefined ? high : 1;
  return { steps, sigmas, initialScale, notes: compat ? [] : notes };
}
