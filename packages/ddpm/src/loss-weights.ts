import type { PredictionType } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules, shown } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";

/** A weighting of the time steps' squared errors; see {@link lossWeights}. */
export type LossWeighting = "simple" | "tutorial" | "min_snr" | "vlb";

/** Settings of {@link lossWeights}. */
export interface LossWeightOptions {
  /** The prediction of the denoiser. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /** The largest SNR of min-SNR. @defaultValue 5 */
  readonly gamma?: number;
}

/**
 * Weights `[length]` of the prediction's squared error, one for each time step.
 *
 * - `simple`: 1 (Ho et al. 2020, eq. 14).
 * - `tutorial`: `beta_t / alpha_t` on epsilon, the squared error of the reverse mean against
 *   x_{t-1} when the prediction is the forward step's noise.
 * - `min_snr`: `min(SNR, gamma)` on x0 (Hang et al. 2023, section 3.4).
 * - `vlb`: `beta_t^2 / (2 sigma_t^2 alpha_t (1 - alphasCumprod_t))` on epsilon (Ho et al. 2020, eq.
 *   12), sigma^2 the posterior variance, at t = 0 that of t = 1.
 *
 * The weights of another prediction have the squared factor between the two errors at the same
 * x_t. The error of x0 is `noise / signal` times that of epsilon, the error of v `1 / signal`
 * times, the error of a flow's velocity `1 + noise / signal` times.
 *
 * Where a step leaves no signal, the weights are the limits: of v, `beta_t alphasCumprod_{t-1}`
 * (tutorial) and `alphasCumprod_{t-1} / (2 (1 - alphasCumprod_{t-1}))` (vlb).
 *
 * @param schedule The noise schedule.
 * @param kind The weighting.
 * @throws RangeError when gamma is not positive, the kind or the prediction is unknown, or a weight
 * is not finite, such as those of epsilon at zero signal.
 */
export function lossWeights(
  schedule: NoiseSchedule,
  kind: LossWeighting,
  options: LossWeightOptions = {},
): Float64Array {
  checkArguments({ schedule, kind }, { schedule: rules.SCHEDULE, kind: rules.TEXT });
  checkOptions(options, {
    predicts: rules.optional(rules.PREDICTS),
    gamma: rules.optional(rules.POSITIVE),
  });
  const { predicts = "epsilon", gamma = 5 } = options;
  const { betas, alphas, snr, alphasCumprod, alphasCumprodPrev } = schedule;
  const log = schedule.posteriorLogVarianceClipped;
  const kinds: Record<LossWeighting, (t: number) => number> = {
    simple: () => 1,
    tutorial: (t) => betas[t] * factor(t, alphas[t]),
    // min(SNR, gamma) / SNR times the factor, in forms that are finite at zero signal.
    min_snr: (t) =>
      predicts === "x0" ? Math.min(snr[t], gamma) : Math.min(1, gamma / snr[t]) * factor(t, 1),
    vlb: (t) => {
      const scale = 2 * Math.exp(log[t]) * (1 - alphasCumprod[t]);
      return (betas[t] ** 2 / scale) * factor(t, alphas[t]);
    },
  };
  if (!Object.hasOwn(kinds, kind)) {
    throw new ArgumentError(
      `kind must be one of ${Object.keys(kinds).join(", ")}, got ${shown(kind)}`,
    );
  }
  return Float64Array.from({ length: schedule.length }, (_, t) => {
    const weight = kinds[kind](t);
    if (Number.isFinite(weight)) return weight;
    throw new ArgumentError(
      `the weight ${kind} on ${predicts} must be finite, got ${weight} at t = ${t} of a schedule with beta ${betas[t]}: use weights simple or min_snr, or a denoiser that predicts v`,
    );
  });

  // The squared error of epsilon divided by that of the prediction, over alpha (alpha_t or 1).
  function factor(t: number, alpha: number): number {
    const { signal, noise } = schedule.level(t);
    if (predicts === "epsilon") return 1 / alpha;
    // signal^2 / alpha_t is the squared signal of the step before, also where both are 0.
    const square = alpha === 1 ? signal ** 2 : alphasCumprodPrev[t];
    if (predicts === "v") return square;
    return square / (predicts === "x0" ? noise : signal + noise) ** 2;
  }
}
