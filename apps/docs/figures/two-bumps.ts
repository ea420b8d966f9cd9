import { levelOf, logSnrAt } from "@gen/figures";
import { mixtureOracle, type NoiseLevel, numberArithmetic, posteriorCoefficients } from "@gen/math";

/** Data on a line: two narrow bumps, whose exact denoiser is known. */
export const bumps = { weights: [0.5, 0.5], means: [[-1], [1]], sigmas: [[0.15], [0.15]] };

/** The exact clean estimate of a number at a noise level. */
export const exactEstimate = (x: number, level: NoiseLevel): number =>
  mixtureOracle(numberArithmetic, bumps, level, [x]).x0[0];

/** The levels of so many steps, even in log SNR, from noise to data. */
export const levels = (steps: number): NoiseLevel[] =>
  Array.from({ length: steps + 1 }, (_, i) => levelOf(logSnrAt(i / steps)));

/** The places of a number on its way through noise levels, by DDIM without fresh noise. */
export function ddimPath(start: number, through: readonly NoiseLevel[]): number[] {
  const path = [start];
  for (let i = 0; i + 1 < through.length; i++) {
    const [from, to] = [through[i], through[i + 1]];
    const { x0, x } = posteriorCoefficients(from, to, 0);
    path.push(x0 * exactEstimate(path[i], from) + x * path[i]);
  }
  return path;
}

/** A path as values at even places, on straight lines between its steps. */
export function evenPlaces(path: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const place = (i / (count - 1)) * (path.length - 1);
    const before = Math.min(Math.floor(place), path.length - 2);
    return path[before] + (place - before) * (path[before + 1] - path[before]);
  });
}
