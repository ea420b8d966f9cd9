import { checkArguments, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "./noise-schedule.ts";

/**
 * The fractional timestep at which a schedule's `noise / signal` is sigma: linear between timesteps
 * in log sigma, kept within 0..length-1 (as k-diffusion and diffusers find the timestep of
 * Karras's levels).
 *
 * @param schedule The schedule.
 * @param sigma The noise divided by the signal, positive.
 * @throws RangeError when sigma is not positive.
 */
export function timestepOfSigma(schedule: NoiseSchedule, sigma: number): number {
  checkArguments({ schedule, sigma }, { schedule: rules.SCHEDULE, sigma: rules.POSITIVE });
  const { sigmas } = schedule;
  let low = 0;
  let high = sigmas.length - 1;
  if (sigma <= sigmas[low]) return low;
  if (sigma >= sigmas[high]) return high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sigmas[middle] <= sigma) low = middle;
    else high = middle;
  }
  // The last sigma is infinite where the terminal level holds no signal.
  if (sigmas[high] === Infinity) return low;
  const part = Math.log(sigma / sigmas[low]) / Math.log(sigmas[high] / sigmas[low]);
  return low + part;
}
