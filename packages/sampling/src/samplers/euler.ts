import { checkOptions, ON_OR_OFF } from "./check-options.ts";
import { checkPath } from "./check-path.ts";
import { type Step, stepTable } from "./step.ts";
import { type FlowOptions, flowTrajectory, type Path, transitionsOf } from "./trajectory.ts";
import type { SolverOptions } from "./update.ts";

/**
 * Euler's method for the probability flow in `noise / signal` (Karras et al. 2022, algorithm 1
 * without its correction); first order. In scaled coordinates it is DDIM with eta 0.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, levels and prediction type. Default: every training step.
 * @throws RangeError when the path or its options are not as described.
 */
export function eulerSteps(path: Path, options: SolverOptions = {}): Step[] {
  checkPath(path, options);
  return stepTable(transitionsOf(path, options), { predicts: options.predicts });
}

/**
 * Euler's method to a lower level, then fresh noise up to the wanted one (k-diffusion's ancestral
 * sampling): `sigma_up^2 = eta^2 sigma'^2 (1 - sigma'^2 / sigma^2)`, which is DDPM's posterior at
 * eta 1, the default.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, levels, eta and prediction type. Default: every training step, eta 1.
 * @throws RangeError when eta is outside [0, 1] or the path is not as described.
 */
export function eulerAncestralSteps(
  path: Path,
  options: SolverOptions & {
    /** Fresh noise, from 0 (none) to 1. @defaultValue 1 */
    readonly eta?: number;
  } = {},
): Step[] {
  checkPath(path, options);
  const { predicts, eta = 1 } = options;
  return stepTable(transitionsOf(path, options), { predicts, eta });
}

/** How {@link flowEulerSteps} goes. */
export interface FlowEulerOptions extends FlowOptions {
  /**
   * Whether each step goes to the clean estimate and adds fresh noise up to the next level, as
   * few-step models want.
   * @defaultValue false
   */
  readonly stochastic?: boolean;
}

/**
 * Euler's method for a flow's velocity: `x' = x + (s' - s) velocity` (Esser et al. 2024), for
 * denoisers that predict `flow`; first order. Stochastic: `x' = (1 - s') x0 + s' z`.
 *
 * @param options Steps or the noises themselves, shift, and whether noise is added.
 * @throws RangeError when the options are not as in `flowTrajectory`.
 */
export function flowEulerSteps(options: FlowEulerOptions): Step[] {
  checkOptions(options, { stochastic: ON_OR_OFF });
  const { stochastic = false } = options;
  return flowTrajectory(options).map(({ t, from, to }) => ({
    t,
    predicts: "flow",
    denoised: { x: 1, prediction: -from.noise },
    next: stochastic
      ? { x0: to.signal, x: 0, prediction: 0, noise: to.noise }
      : { x0: 0, x: 1, prediction: to.noise - from.noise, noise: 0 },
  }));
}
