/*
 * What a noise schedule is: how much signal and noise each time step has.
 *
 *   x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) epsilon,    abar_t = product of (1 - beta_s), s <= t
 *
 * `scheduleFromBetas` makes the tables. Training draws its levels from them, samplers make their
 * steps from them, and diffusers' `scheduler_config.json` holds how they were made.
 *
 *   linearSchedule({ steps: 1000 }).level(999); // { signal: 0.006..., noise: 0.99998... }
 */
import type { NoiseLevel } from "@gen/math";

/** How a schedule's betas were made, enough to make them again. */
export type ScheduleSpec =
  | {
      /** Betas between two ends. */
      readonly kind: "linear" | "scaledLinear" | "sigmoid";
      /** The first beta. */
      readonly betaStart: number;
      /** The last beta. */
      readonly betaEnd: number;
    }
  | {
      /** Betas of a curve of alphasCumprod. */
      readonly kind: "cosine" | "laplace" | "exp";
      /** The largest beta allowed. */
      readonly maxBeta: number;
    }
  | {
      /** A straight flow. */
      readonly kind: "flow";
      /** Above 1, more steps where there is more noise. */
      readonly shift: number;
    }
  | {
      /** Betas that were given. */
      readonly kind: "betas";
      /** The betas `[length]`, before any rescaling. */
      readonly betas: Float64Array;
    };

/**
 * A discrete noise schedule: `x_t = signal * x0 + noise * epsilon` for 0-based t in 0..length-1.
 *
 * Every table is a Float64Array `[length]`. Each read gives a copy, so that no one can change the
 * schedule: read a table once before a loop. Where the levels preserve no variance, as those of
 * `flowSchedule`, `sqrtOneMinusAlphasCumprod` is the noise.
 */
export interface NoiseSchedule {
  /** How many time steps, T. */
  readonly length: number;
  /**
   * `{ signal: sqrtAlphasCumprod[t], noise: sqrtOneMinusAlphasCumprod[t] }`; t = -1 is the level
   * that sampling ends on. Throws RangeError on any other t.
   */
  level(t: number): NoiseLevel;
  /** Variance added at each step. */
  readonly betas: Float64Array;
  /** `1 - betas`. */
  readonly alphas: Float64Array;
  /** The running product of alphas (Ho et al. 2020, eq. 4). */
  readonly alphasCumprod: Float64Array;
  /** `alphasCumprod[t - 1]`, 1 at t = 0. */
  readonly alphasCumprodPrev: Float64Array;
  /** `sqrt(alphasCumprod)`: the signal. */
  readonly sqrtAlphasCumprod: Float64Array;
  /** `sqrt(1 - alphasCumprod)`: the noise. */
  readonly sqrtOneMinusAlphasCumprod: Float64Array;
  /** `sqrt(1 / alphasCumprod)`. */
  readonly sqrtRecipAlphasCumprod: Float64Array;
  /** `sqrt(1 / alphasCumprod - 1)`: the noise of a level scaled to signal 1. */
  readonly sigmas: Float64Array;
  /** `alphasCumprod / (1 - alphasCumprod)`. */
  readonly snr: Float64Array;
  /** The natural logarithm of {@link NoiseSchedule.snr}. */
  readonly logSnr: Float64Array;
  /** The variance of `q(x_{t-1} | x_t, x0)` (Ho et al. 2020, eq. 7). */
  readonly posteriorVariance: Float64Array;
  /** Its logarithm, where t = 0, whose variance is 0, takes the value of t = 1. */
  readonly posteriorLogVarianceClipped: Float64Array;
  /** The coefficient of x0 in the posterior mean. */
  readonly posteriorMeanX0: Float64Array;
  /** The coefficient of x_t in the posterior mean. */
  readonly posteriorMeanX: Float64Array;
  /** Whether sampling ends on the clean level, `{ signal: 1, noise: 0 }`, or on that of t = 0. */
  readonly setAlphaToOne: boolean;
  /** Whether the betas were rescaled so that the last level holds no signal. */
  readonly rescaleBetasZeroSnr: boolean;
  /** How the schedule was made. */
  readonly spec: ScheduleSpec;
}

/** Options that every discrete schedule takes. */
export interface ScheduleOptions {
  /**
   * True: sampling ends on the clean level. False: on the level of t = 0, as latent-diffusion
   * models that diffusers loads with `set_alpha_to_one: false` were sampled.
   * @defaultValue true
   */
  readonly setAlphaToOne?: boolean;
  /** Rescales the betas to zero terminal SNR (Lin et al. 2023, algorithm 1). @defaultValue false */
  readonly rescaleBetasZeroSnr?: boolean;
}
