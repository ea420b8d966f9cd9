import type { Normal } from "../distributions/normal.ts";
import { ArgumentError } from "../gen-error.ts";
import type { NoiseLevel } from "../noise-level.ts";
import { posteriorCoefficients } from "../posterior-coefficients.ts";

/** The terms of a diffusion model's bound on the data's negative log likelihood, in nats. */
export interface DiffusionBound {
  /** `E KL(q(x_T | x0) || N(0, 1))`. */
  readonly prior: number;
  /** `E KL(q(x_{t-1} | x_t, x0) || p(x_{t-1} | x_t))` for every level but the cleanest. */
  readonly steps: Float64Array;
  /** `-E log p(x0 | x_1)` from the cleanest level. */
  readonly decoder: number;
  /** Their sum: minus the ELBO (Ho et al. 2020, eq. 5), averaged over the data. */
  readonly total: number;
}

/**
 * The bound of a diffusion model with an exact denoiser, for one-dimensional Gaussian data: the
 * closed form to test a bound by, such as `dataBound` of @gen/ddpm.
 *
 * `levels` go from the cleanest to the noisiest. The reverse variance is the variance of
 * `q(x_{t-1} | x_t, x0)` ("posterior", as in DDPM) or of `q(x_{t-1} | x_t)` ("optimal"). With the
 * latter the bound is the data's entropy plus the KL of the noisiest marginal from the prior.
 *
 * @param data The distribution of the data.
 * @param levels Noise levels, from the cleanest to the noisiest.
 * @param variance The variance of the reverse steps.
 * @throws RangeError when there is no level, a level is clean, or variance is not as described.
 */
export function gaussianDiffusionBound(
  data: Normal,
  levels: readonly NoiseLevel[],
  variance: "posterior" | "optimal" = "posterior",
): DiffusionBound {
  if (variance !== "posterior" && variance !== "optimal") {
    throw new ArgumentError(`variance must be posterior or optimal, got ${String(variance)}`);
  }
  if (levels.length === 0) throw new ArgumentError("levels must list at least one, got none");
  // The variance of x0 given x_t.
  const left = ({ signal, noise }: NoiseLevel) => {
    if (!(noise > 0)) throw new ArgumentError(`levels must hold noise, got ${noise}`);
    const total = (signal * data.sigma) ** 2 + noise ** 2;
    return (data.sigma * noise) ** 2 / total;
  };
  const steps = Float64Array.from(levels.slice(1), (from, i) => {
    const { x0, noise } = posteriorCoefficients(from, levels[i], 1);
    const excess = (x0 * x0 * left(from)) / (noise * noise);
    return variance === "optimal" ? 0.5 * Math.log1p(excess) : 0.5 * excess;
  });
  const { signal, noise } = levels[levels.length - 1];
  const square = data.mean ** 2 + data.sigma ** 2;
  const prior = 0.5 * (noise ** 2 + signal ** 2 * square - 1) - Math.log(noise);
  const decoder = 0.5 * (1 + Math.log(2 * Math.PI * left(levels[0])));
  const total = steps.reduce((sum, step) => sum + step, prior + decoder);
  return { prior, steps, decoder, total };
}
