/*
 * The step of every diffusion sampler as three numbers, for x_t = signal x0 + noise epsilon:
 *
 *   x_to = x0 (clean estimate) + x (x_from) + noise z
 *
 * `stepTable` of @gen/sampling makes a row from each pair of levels. Training takes the posterior's
 * mean and variance from here too. DDIM from noise level 0.8 to 0.6:
 *
 *   posteriorCoefficients({ signal: 0.6, noise: 0.8 }, { signal: 0.8, noise: 0.6 }, 0);
 */
import { ArgumentError } from "./gen-error.ts";
import type { NoiseLevel } from "./noise-level.ts";

/** One row of a sampler's table: `next = x0 * (clean estimate) + x * (current) + noise * z`. */
export interface PosteriorCoefficients {
  /** What the clean estimate is multiplied by. */
  readonly x0: number;
  /** What the current sample is multiplied by. */
  readonly x: number;
  /** What fresh standard normal noise is multiplied by. */
  readonly noise: number;
}

// Relative tolerance for two levels that differ only by rounding.
const SLACK = 1e-9;

/**
 * Coefficients of `q(x_to | x_from, x0)`, the Gaussian that keeps every marginal.
 *
 * With `r = from.signal * to.noise / (to.signal * from.noise)`:
 * `noise = eta * to.noise * sqrt(1 - r^2)`, `x = sqrt(to.noise^2 - noise^2) / from.noise`,
 * `x0 = to.signal - from.signal * x`. `eta` 1 is the posterior of DDPM (Ho et al. 2020, eq. 7),
 * `eta` 0 is DDIM (Song et al. 2021, eq. 12), also to a noisier `to` (inversion). A clean `to`
 * (noise 0) gives `{ x0: to.signal, x: 0, noise: 0 }` with no branch.
 *
 * @param from The level of the noisy sample.
 * @param to The level to go to.
 * @param eta The share of the posterior's noise, in [0, 1].
 * @throws RangeError when eta is outside [0, 1]; when a level is negative or not finite; when
 * `to` is noisier than `from` and eta is not 0; when `from` is clean and `to` is not.
 */
export function posteriorCoefficients(
  from: NoiseLevel,
  to: NoiseLevel,
  eta: number,
): PosteriorCoefficients {
  if (!(eta >= 0 && eta <= 1)) throw new ArgumentError(`eta must be in [0, 1], got ${eta}`);
  const { signal, noise } = from;
  const { signal: toSignal, noise: toNoise } = to;
  requireLevel(signal, noise);
  requireLevel(toSignal, toNoise);
  if (noise === 0) {
    if (toNoise === 0) return { x0: toSignal, x: 0, noise: 0 };
    throw new ArgumentError(`from.noise must be positive when to.noise is ${toNoise}, got 0`);
  }
  // r = a / b; b - a has only the rounding of the two products.
  const a = signal * toNoise;
  const b = toSignal * noise;
  if (eta === 0 || toNoise === 0) return { x0: (b - a) / noise, x: toNoise / noise, noise: 0 };
  if (a > b * (1 + SLACK)) {
    throw new ArgumentError(`eta must be 0 when \`to\` is noisier than \`from\`, got ${eta}`);
  }
  const r = a === 0 ? 0 : Math.min(a / b, 1);
  const left = Math.sqrt((1 - eta) * (1 + eta) + eta * eta * r * r);
  const tau = a === 0 ? 1 : Math.max(((b - a) / b) * (1 + r), 0);
  return {
    x0: (b - a * left) / noise,
    x: (toNoise * left) / noise,
    noise: eta * toNoise * Math.sqrt(tau),
  };
}

function requireLevel(signal: number, noise: number): void {
  if (signal >= 0 && signal < Infinity && noise >= 0 && noise < Infinity) return;
  throw new ArgumentError(
    `signal and noise must be finite and not negative, got ${signal} and ${noise}`,
  );
}
