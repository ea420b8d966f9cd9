import type { NoiseSchedule } from "./noise-schedule.ts";
import { BetaSchedule } from "./schedule-from-betas.ts";

/**
 * A schedule whose signal-to-noise ratio is divided by `scale`, as CogVideoX has it:
 * `abar' = abar / (scale + (1 - scale) abar)`. With zero terminal SNR the products are then shifted
 * and scaled (Lin et al. 2023, algorithm 1), not the betas.
 *
 * The schedule's spec is that of the one it is made from.
 */
export function shiftedSchedule(
  { alphasCumprod, spec, setAlphaToOne }: NoiseSchedule,
  scale: number,
  rescaleBetasZeroSnr: boolean,
): NoiseSchedule {
  let products = alphasCumprod.map((product) => product / (scale + (1 - scale) * product));
  if (rescaleBetasZeroSnr) {
    const roots = products.map(Math.sqrt);
    const [first, last] = [roots[0], roots[roots.length - 1]];
    products = roots.map((root) => ((root - last) * (first / (first - last))) ** 2);
  }
  const betas = products.map((product, t) => 1 - (t === 0 ? product : product / products[t - 1]));
  return new BetaSchedule(betas, { setAlphaToOne }, spec, { products, rescaleBetasZeroSnr });
}
