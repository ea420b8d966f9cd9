import { cleanLevel, denoisedCoefficients, type PredictionType } from "@gen/math";
import type { NoiseSchedule } from "@gen/schedules";
import type { Step } from "./step.ts";

/** How {@link lcmSteps} goes. */
export interface LcmOptions {
  /** Few: 1 to 8 are usual. @defaultValue 4 */
  readonly steps?: number;
  /** Of how many steps the model was distilled. @defaultValue 50 */
  readonly originalSteps?: number;
  readonly predicts?: PredictionType;
  /** The boundary scaling's sigma_data. @defaultValue 0.5 */
  readonly sigmaData?: number;
  /** The boundary scaling counts `timestepScaling * t`. @defaultValue 10 */
  readonly timestepScaling?: number;
}

/**
 * The table of a latent consistency model (Luo et al. 2023, algorithm 3): each row jumps to the
 * clean estimate, `c_skip x + c_out x0` with `c_skip = s^2 / (u^2 + s^2)`, `c_out = u / sqrt(u^2 +
 * s^2)`, `u = timestepScaling * t`, and adds fresh noise up to the next level.
 *
 * @throws RangeError when steps or originalSteps is outside its range.
 */
export function lcmSteps(schedule: NoiseSchedule, options: LcmOptions = {}): Step[] {
  const { steps = 4, originalSteps = 50, predicts = "epsilon" } = options;
  const { sigmaData = 0.5, timestepScaling = 10 } = options;
  const stride = Math.floor(schedule.length / originalSteps);
  if (!(Number.isInteger(originalSteps) && stride >= 1)) {
    throw new RangeError(
      `originalSteps must be an integer in 1..${schedule.length}, got ${originalSteps}`,
    );
  }
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= originalSteps)) {
    throw new RangeError(`steps must be an integer in 1..${originalSteps}, got ${steps}`);
  }
  const times = Array.from(
    { length: steps },
    (_, i) => stride * (originalSteps - Math.floor((i * originalSteps) / steps)) - 1,
  );
  return times.map((t, i) => {
    const clean = denoisedCoefficients(predicts, schedule.level(t));
    const u = timestepScaling * t;
    const skip = sigmaData ** 2 / (u ** 2 + sigmaData ** 2);
    const out = u / Math.hypot(u, sigmaData);
    const last = i === steps - 1;
    const to = last ? cleanLevel : schedule.level(times[i + 1]);
    return {
      t,
      predicts,
      denoised: { x: skip + out * clean.x, prediction: out * clean.prediction },
      next: { x0: to.signal, x: 0, prediction: 0, noise: to.noise },
    };
  });
}
