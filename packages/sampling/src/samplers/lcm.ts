import { cleanLevel, denoisedCoefficients, type PredictionType } from "@gen/math";
import { ArgumentError, rules, shown } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";
import { checkPath } from "./check-path.ts";
import { levelTransitions, type Step } from "./step.ts";
import { isSchedule, type Path } from "./trajectory.ts";

/** How {@link lcmSteps} goes. */
export interface LcmOptions {
  /** Few: 1 to 8 are usual. @defaultValue 4 */
  readonly steps?: number;
  /** How many steps the model was distilled from. @defaultValue 50 */
  readonly originalSteps?: number;
  /**
   * At most 1: the steps are spread over the first `strength` of the path, as for an image that is
   * noised so far.
   * @defaultValue 1
   */
  readonly strength?: number;
  /** What the denoiser predicts. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /** The boundary scaling's sigma_data. @defaultValue 0.5 */
  readonly sigmaData?: number;
  /** The boundary scaling counts `timestepScaling * t`. @defaultValue 10 */
  readonly timestepScaling?: number;
}

/**
 * The table of a latent consistency model (Luo et al. 2023, algorithm 3): each row jumps to the
 * clean estimate, `c_skip x + c_out x0` with `c_skip = s^2 / (u^2 + s^2)`, `c_out = u / sqrt(u^2 +
 * s^2)`, `u = timestepScaling * t`, and adds fresh noise up to the next level. A clip is of x0,
 * before this scaling. The path is a schedule, or transitions of your own.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, and how the model was distilled. Default: 4 steps out of 50.
 * @throws RangeError when steps, originalSteps or strength is outside its range.
 */
export function lcmSteps(path: Path, options: LcmOptions = {}): Step[] {
  checkPath(path, options, {
    originalSteps: rules.optional(rules.ANY_NUMBER),
    strength: rules.optional(rules.ANY_NUMBER),
    sigmaData: rules.optional(rules.NOT_NEGATIVE),
    timestepScaling: rules.optional(rules.NOT_NEGATIVE),
  });
  const { predicts = "epsilon", sigmaData = 0.5, timestepScaling = 10 } = options;
  const moves = isSchedule(path)
    ? levelTransitions(path, distilledTimes(path, options), cleanLevel)
    : path;
  return moves.map(({ t, from, to }) => {
    const u = timestepScaling * t;
    const skip = sigmaData ** 2 / (u ** 2 + sigmaData ** 2);
    const out = u / Math.hypot(u, sigmaData);
    return {
      t,
      predicts,
      denoised: denoisedCoefficients(predicts, from),
      next: { x0: to.signal * out, x: to.signal * skip, prediction: 0, noise: to.noise },
    };
  });
}

/** Descending time steps, evenly chosen from those that a model was distilled at. */
function distilledTimes({ length }: NoiseSchedule, options: LcmOptions): number[] {
  const { steps = 4, originalSteps = 50, strength = 1 } = options;
  const stride = Math.floor(length / originalSteps);
  if (!(Number.isInteger(originalSteps) && stride >= 1)) {
    throw new ArgumentError(
      `originalSteps must be an integer in 1..${length}, got ${shown(originalSteps)}`,
    );
  }
  const known = Math.trunc(originalSteps * strength);
  if (!(strength <= 1 && known >= 1)) {
    throw new ArgumentError(
      `strength must be in [1 / ${originalSteps}, 1], a step of ${originalSteps} at least, got ${shown(strength)}`,
    );
  }
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= known)) {
    throw new ArgumentError(`steps must be an integer in 1..${known}, got ${shown(steps)}`);
  }
  return Array.from(
    { length: steps },
    (_, i) => stride * (known - Math.floor((i * known) / steps)) - 1,
  );
}
