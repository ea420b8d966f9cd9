import type { NoiseLevel } from "@gen/math";
import type { Transition } from "../samplers/step.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { firstStep } from "./class-times.ts";
import { edmDenoised, edmSigmas } from "./edm-classes.ts";
import { dpmSolverOf, multistepTable } from "./lambda-classes.ts";
import { type LambdaPath, refuseOptions } from "./lambda-path.ts";

/**
 * EDMDPMSolverMultistepScheduler: DPM-Solver++ in the preconditioning of Karras et al. 2022, table
 * 1: with `norm^2 = sigma^2 + sigma_data^2` the network sees x / norm at time log(sigma) / 4, and
 * `x0 = (sigma_data / norm)^2 x +- sigma sigma_data / norm F`.
 */
export function edmDpmTable(run: ClassRun): ClassTable {
  const { settings } = run;
  const solver = dpmSolverOf(run, ["dpmsolver++", "sde-dpmsolver++"]);
  const path = edmPath(run);
  const made = multistepTable(run, path, solver);
  const { sigma_data: data } = settings;
  const norms = path.sigmas.map((sigma) => Math.hypot(sigma, data)).slice(path.first);
  // The last x is in the class's own scale.
  norms[norms.length - 1] = 1;
  const steps = made.steps.map((step, i) => {
    const { x0, x, noise, history } = step.next;
    const next = norms[i + 1];
    return {
      ...step,
      denoised: edmDenoised(run, path.sigmas[path.first + i]),
      next: {
        x0: x0 / next,
        x: (x * norms[i]) / next,
        prediction: 0,
        noise: noise / next,
        ...(history && { history: history.map((c) => c / next) }),
      },
    };
  });
  return { ...made, steps, initialScale: path.initialScale };
}

function edmPath(run: ClassRun): LambdaPath {
  refuseOptions(run, { takesMu: false });
  const { settings, options } = run;
  const { sigma_data: data, sigma_min: low, final_sigmas_type: final } = settings;
  const listed = edmSigmas(run).slice(0, -1);
  const n = listed.length;
  const times = listed.map((sigma) => 0.25 * Math.log(sigma));
  const sigmas = [...listed, final === "zero" ? 0 : Number(low)];
  const level = (i: number): NoiseLevel => ({ signal: 1, noise: sigmas[i] });
  const moves = times.map((t, i): Transition => ({ t, from: level(i), to: level(i + 1) }));
  const first = firstStep(run, n);
  const start = options.strength === undefined ? Math.hypot(settings.sigma_max as number, 1) : 1;
  const initialScale = start / Math.hypot(sigmas[first], data);
  return { times, sigmas, moves: moves.slice(first), first, initialScale, notes: [] };
}
