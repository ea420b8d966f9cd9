import type { EstimateCoefficients } from "@gen/math";
import type { Step } from "../samplers/step.ts";
import type { ClassRun } from "./class-run.ts";

/** How much a step raises its sigma before it moves: `gamma` of Karras et al. 2022, algorithm 2. */
export function churnOf({ options }: ClassRun, sigma: number, count: number): number {
  const { sChurn = 0, sTmin = 0, sTmax = Infinity } = options;
  return sTmin <= sigma && sigma <= sTmax ? Math.min(sChurn / count, 2 ** 0.5 - 1) : 0;
}

/** Where a step of Euler's stands. */
interface ChurnedStep {
  readonly sigmas: readonly number[];
  /** The step's place in `sigmas`. */
  readonly at: number;
  /** What the next network's input is scaled by; 1 after the last step. */
  readonly input: number;
  /** What the network's input is divided by: `sqrt(sigma^2 + dataDeviation^2)`. @defaultValue 1 */
  readonly dataDeviation?: number;
  /** x0 of the class's sample and the prediction, at a sigma that is raised. */
  estimate(sigma: number, raised: number): EstimateCoefficients;
}

/**
 * A step of Euler's that adds noise before it moves, where the options ask for that. The classes ask
 * the network before they add the noise: with `S = sqrt(raised^2 - sigma^2)` x0 is estimated from
 * `x + S z` and the prediction for x.
 */
export function churned(
  run: ClassRun,
  step: Step,
  { sigmas, at, input, dataDeviation = 1, estimate }: ChurnedStep,
): Step {
  const [sigma, next] = [sigmas[at], sigmas[at + 1]];
  const gamma = churnOf(run, sigma, sigmas.length - 1);
  // Where x is all noise, there is no more to add.
  if (!(gamma > 0) || sigma === Infinity) return step;
  const raised = sigma * (gamma + 1);
  const ratio = next / raised;
  const { x, prediction } = estimate(sigma, raised);
  const sample = input * (ratio + (1 - ratio) * x);
  const { sNoise = 1 } = run.options;
  return {
    ...step,
    next: {
      x0: 0,
      x: sample * Math.hypot(sigma, dataDeviation),
      prediction: input * (1 - ratio) * prediction,
      noise: sample * sNoise * (raised ** 2 - sigma ** 2) ** 0.5,
    },
  };
}
