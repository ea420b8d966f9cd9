import type { NoiseLevel } from "@gen/math";
import { betaSigmas, numpyLinspace, variancePreservingLevel } from "@gen/schedules";
import type { ClassRun } from "./class-run.ts";

/** What diffusers sets the last alphasCumprod to where betas are rescaled to zero SNR. */
export const LAST_ALPHA = 2 ** -24;

/**
 * `sqrt((1 - abar) / abar)` of every training step. Classes that rescale betas to zero SNR keep the
 * last one finite, 4096.
 */
export function trainingSigmas({ schedule, settings }: ClassRun): Float64Array {
  const products = schedule.alphasCumprod.slice();
  if (settings.rescale_betas_zero_snr) products[products.length - 1] = LAST_ALPHA;
  return products.map((product) => ((1 - product) / product) ** 0.5);
}

/** numpy's `interp(x, [0, 1, ...], table)`. */
export function interpolated(x: number, table: ArrayLike<number>): number {
  const last = table.length - 1;
  if (x <= 0) return table[0];
  if (x >= last) return table[last];
  const at = Math.floor(x);
  return (table[at + 1] - table[at]) * (x - at) + table[at];
}

/** The fractional time step of a sigma: linear in the logarithm, as the classes compute it. */
export function timeOfSigma(sigma: number, logSigmas: ArrayLike<number>): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  const last = logSigmas.length - 1;
  // The last entry that is no larger; in a caller's own list the entries may descend.
  let low = last;
  while (low > 0 && !(logSigmas[low] <= logSigma)) low--;
  low = Math.min(low, Math.max(last - 1, 0));
  const [a, b] = [logSigmas[low], logSigmas[low + 1]];
  const w = Math.min(Math.max((a - logSigma) / (a - b), 0), 1);
  return (1 - w) * low + w * (low + 1);
}

/** The spread of sigmas that a config asks for. */
export type Spread = "karras" | "exponential" | "beta" | "lu" | "flow" | undefined;

export function spreadOf({ settings }: ClassRun): Spread {
  if (settings.use_karras_sigmas) return "karras";
  if (settings.use_lu_lambdas) return "lu";
  if (settings.use_exponential_sigmas) return "exponential";
  if (settings.use_beta_sigmas) return "beta";
  return settings.use_flow_sigmas ? "flow" : undefined;
}

/** The largest and the smallest sigma that a config spreads between, where it says them. */
export function boundsOf({ config, settings }: ClassRun, spread: Spread) {
  const { sigma_max: high, sigma_min: low } = settings;
  const unbounded = ["LMSDiscreteScheduler", "DPMSolverSDEScheduler"].includes(config.className);
  // These two take no bounds for Karras's spread, and no class does for Lu's.
  return (spread === "karras" && unbounded) || spread === "lu" ? {} : { high, low };
}

/** `n` sigmas from `high` down to `low`, spread as the classes do. */
export function spreadSigmas(kind: Spread, high: number, low: number, n: number): number[] {
  // Inverse classes go up: high is then the smaller one.
  if (kind === "karras") {
    const [a, b] = [high ** (1 / 7), low ** (1 / 7)];
    return numpyLinspace(0, 1, n).map((part) => (a + part * (b - a)) ** 7);
  }
  if (kind === "exponential") {
    return numpyLinspace(Math.log(high), Math.log(low), n).map(Math.exp);
  }
  if (kind === "lu") {
    const [a, b] = [Math.log(high), Math.log(low)];
    return numpyLinspace(0, 1, n).map((part) => Math.exp(a + part * (b - a)));
  }
  if (low === 0) {
    // A beta distribution from 1 to 2, moved down.
    return spreadSigmas(kind, 2, 1, n).map((sigma) => high * (sigma - 1));
  }
  if (low <= high) return Array.from(betaSigmas({ steps: n, sigmaMin: low, sigmaMax: high }));
  // The distribution is symmetric.
  const rising = Array.from(betaSigmas({ steps: n, sigmaMin: high, sigmaMax: low })).reverse();
  rising[0] = low + (high - low);
  return rising;
}

/** The level that a network sees at a sigma of classes that scale the signal to 1. */
export const levelOfSigma = (sigma: number): NoiseLevel =>
  sigma === Infinity ? { signal: 0, noise: 1 } : variancePreservingLevel(sigma);
