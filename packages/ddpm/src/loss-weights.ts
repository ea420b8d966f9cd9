import type { PredictionType } from "@gen/math";
import type { NoiseSchedule } from "@gen/schedules";

/** How the squared error at each time step counts; see {@link lossWeights}. */
export type LossWeighting = "simple" | "tutorial" | "min_snr" | "vlb";

/** What {@link lossWeights} depends on besides the schedule. */
export interface LossWeightOptions {
  /** What the denoiser predicts. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /** Where min-SNR cuts off. @defaultValue 5 */
  readonly gamma?: number;
}

/**
 * Weights `[length]` of the squared error of what the denoiser predicts, per time step.
 *
 * - `simple`: 1 (Ho et al. 2020, eq. 14).
 * - `tutorial`: `beta_t / alpha_t` on epsilon, the square of the gap between x_{t-1} and the reverse
 *   mean when the forward step's noise is what is predicted.
 * - `min_snr`: `min(SNR, gamma)` on x0 (Hang et al. 2023, section 3.4).
 * - `vlb`: `beta_t^2 / (2 sigma_t^2 alpha_t (1 - alphasCumprod_t))` on epsilon (Ho et al. 2020, eq.
 *   12), sigma^2 the posterior variance, at t = 0 that of t = 1.
 *
 * Weights of one prediction become those of another by the factor between their errors at the same
 * x_t: the error of x0 is `noise / signal` times that of epsilon, of v `1 / signal` times, of a
 * flow's velocity `1 + noise / signal` times.
 *
 * @throws RangeError when gamma is not positive, or the kind is none of these.
 */
export function lossWeights(
  schedule: NoiseSchedule,
  kind: LossWeighting,
  { predicts = "epsilon", gamma = 5 }: LossWeightOptions = {},
): Float64Array {
  if (!(gamma > 0)) throw new RangeError(`gamma must be positive, got ${gamma}`);
  const { betas, alphas, snr, alphasCumprod, posteriorLogVarianceClipped: log } = schedule;
  const kinds: Record<LossWeighting, (t: number) => number> = {
    simple: () => 1,
    tutorial: (t) => (betas[t] / alphas[t]) * factor(t),
    min_snr: (t) => minSnr(t),
    vlb: (t) => {
      const scale = 2 * Math.exp(log[t]) * alphas[t] * (1 - alphasCumprod[t]);
      return (betas[t] ** 2 / scale) * factor(t);
    },
  };
  if (!Object.hasOwn(kinds, kind)) {
    throw new RangeError(
      `weights must be one of ${Object.keys(kinds).join(", ")}, got ${String(kind)}`,
    );
  }
  return Float64Array.from({ length: schedule.length }, (_, t) => kinds[kind](t));

  // The squared error of epsilon over that of what is predicted.
  function factor(t: number): number {
    const { signal, noise } = schedule.level(t);
    if (predicts === "epsilon") return 1;
    if (predicts === "x0") return snr[t];
    if (predicts === "v") return signal ** 2;
    return (signal / (signal + noise)) ** 2;
  }

  function minSnr(t: number): number {
    // min(SNR, gamma) / SNR times the factor, in a form that serves zero signal too.
    const share = Math.min(1, gamma / snr[t]);
    if (predicts === "x0") return Math.min(snr[t], gamma);
    return share * factor(t);
  }
}
