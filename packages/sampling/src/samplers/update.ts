import { denoisedCoefficients, type NoiseLevel, type PredictionType } from "@gen/math";
import type { KeptCoefficients, Step, Transition } from "./step.ts";
import type { TrajectoryOptions } from "./trajectory.ts";

/** What every solver takes besides its own settings. */
export interface SolverOptions extends TrajectoryOptions {
  /** What the denoiser predicts. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
}

/** Which estimate a solver extrapolates: of the clean sample, or of the noise. */
export type SolverForm = "data" | "noise";

/**
 * A new x as a sum: `x` times an earlier one, `estimates` times the estimates known by then (the
 * latest first), `noise` times fresh standard normal numbers.
 */
export interface Update {
  readonly x: number;
  readonly estimates: readonly number[];
  readonly noise?: number;
}

/** Half the log signal-to-noise ratio, the time in which solvers count. */
export const lambdaOf = ({ signal, noise }: NoiseLevel): number =>
  Math.log(signal) - Math.log(noise);

/**
 * The row of an update of the present x. Estimates of the noise are made of x0, which may be
 * clipped: `epsilon = (x - signal x0) / noise`.
 */
export function rowOf(
  { t, from }: Pick<Transition, "t" | "from">,
  { x, estimates, noise = 0 }: Update,
  predicts: PredictionType = "epsilon",
  form: SolverForm = "data",
): Step & { readonly keeps?: KeptCoefficients } {
  const [own, ...history] = estimates;
  const past = history.some((c) => c !== 0) && { history };
  const denoised = denoisedCoefficients(predicts, from);
  if (form === "data") {
    return { t, predicts, denoised, next: { x0: own, x, prediction: 0, noise, ...past } };
  }
  const keeps = { x0: -from.signal / from.noise, x: 1 / from.noise, prediction: 0 };
  return {
    t,
    predicts,
    denoised,
    next: { x0: own * keeps.x0, x: x + own * keeps.x, prediction: 0, noise, ...past },
    keeps,
  };
}

/**
 * An update of an earlier x (`target`) as an update of the present one, which is itself an update
 * of that earlier x (`present`), made before the latest estimate was known.
 */
export function ofPresent(target: Update, present: Update): Update {
  const share = target.x / present.x;
  const estimates = sumOf(target.estimates, [0, ...present.estimates.map((c) => -share * c)]);
  return { ...target, x: share, estimates };
}

/** Elementwise sum of two lists; the shorter one goes on with zeros. */
export function sumOf(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));
}
