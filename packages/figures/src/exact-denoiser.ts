import type { NoiseLevel } from "@gen/math";
import { anchorMean } from "./anchor-mean.ts";

/**
 * Writes `E[x0 | x]` of points `x` `[n, 2]` to `out` `[n, 2]`.
 *
 * `x` and `out` may be the same array.
 */
export type PointDenoiser = (x: ArrayLike<number>, level: NoiseLevel, out: Float64Array) => void;

/**
 * The exact denoiser of a mixture of equal round Gaussians in the plane, one at each anchor
 * `[k, 2]`: `mixtureOracle` of @gen/math for a batch, at a tenth of its time.
 *
 * With `v = signal^2 sigma^2 + noise^2` and `r_k` the softmax of `-|x - signal a_k|^2 / 2v`,
 * `E[x0 | x] = sum_k r_k a_k + (signal sigma^2 / v) (x - signal sum_k r_k a_k)`. `sigma` is
 * positive, so the formula also holds at a clean level.
 */
export function exactDenoiser(anchors: ArrayLike<number>, sigma: number): PointDenoiser {
  const meanOf = anchorMean(anchors);
  const mean = { x: 0, y: 0, log: 0 };
  return (x, { signal, noise }, out) => {
    const variance = signal * signal * sigma * sigma + noise * noise;
    const pull = (signal * sigma * sigma) / variance;
    const scale = -0.5 / variance;
    for (let i = 0; i < x.length; i += 2) {
      meanOf(x[i], x[i + 1], signal, scale, mean);
      out[i] = mean.x + pull * (x[i] - signal * mean.x);
      out[i + 1] = mean.y + pull * (x[i + 1] - signal * mean.y);
    }
  };
}
