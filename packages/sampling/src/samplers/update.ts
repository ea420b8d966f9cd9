import { denoisedCoefficients, type NoiseLevel, type PredictionType } from "@gen/math";
import type { Step, Transition } from "./step.ts";
import type { TrajectoryOptions } from "./trajectory.ts";

/** What every solver takes besides its own settings. */
export interface SolverOptions extends TrajectoryOptions {
  /** What the denoiser predicts. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
}

/**
 * A new x as a sum: `x` times an earlier one, `estimates` times the clean estimates known by then
 * (the latest first), `noise` times fresh standard normal numbers.
 */
export interface Update {
  readonly x: number;
  readonly estimates: readonly number[];
  readonly noise?: number;
}

/** Half the log signal-to-noise ratio, the time in which solvers count. */
export const lambdaOf = ({ signal, noise }: NoiseLevel): number =>
  Math.log(signal) - Math.log(noise);

/** The row of an update of the present x. */
export function rowOf(
  { t, from }: Pick<Transition, "t" | "from">,
  { x, estimates, noise = 0 }: Update,
  predicts: PredictionType = "epsilon",
): Step {
  const [x0, ...history] = estimates;
  return {
    t,
    predicts,
    denoised: denoisedCoefficients(predicts, from),
    next: { x0, x, prediction: 0, noise, ...(history.some((c) => c !== 0) && { history }) },
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
