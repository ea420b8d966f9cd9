import type { Normal } from "./distributions/normal.ts";
import { ArgumentError } from "./gen-error.ts";

function requireSigmas(sigmas: Readonly<Record<string, number>>): void {
  for (const [name, sigma] of Object.entries(sigmas)) {
    if (sigma >= 0 && sigma < Infinity) continue;
    throw new ArgumentError(`${name} must be finite and not negative, got ${sigma}`);
  }
}

/**
 * The normalized product of two Gaussian densities: precisions add,
 * `mean = (mean_a sigma_b^2 + mean_b sigma_a^2) / (sigma_a^2 + sigma_b^2)`. A sigma of 0 is a point.
 *
 * @param a The first Gaussian.
 * @param b The second Gaussian.
 * @throws RangeError when a sigma is negative or not finite, or when both are 0 and the means
 * differ.
 */
export function gaussianProduct(a: Normal, b: Normal): Normal {
  requireSigmas({ "a.sigma": a.sigma, "b.sigma": b.sigma });
  const norm = Math.hypot(a.sigma, b.sigma);
  if (norm === 0) {
    if (a.mean === b.mean) return { mean: a.mean, sigma: 0 };
    throw new ArgumentError(
      `b.mean must be a.mean, ${a.mean}, when both sigmas are 0, got ${b.mean}: the product is 0 everywhere`,
    );
  }
  const share = (b.sigma / norm) ** 2;
  return {
    mean: a.mean * share + b.mean * (a.sigma / norm) ** 2,
    sigma: a.sigma * (b.sigma / norm),
  };
}

/**
 * The normalized quotient of two Gaussian densities, the inverse of {@link gaussianProduct}:
 * precisions subtract.
 *
 * @param a The first Gaussian.
 * @param b The second Gaussian.
 * @throws RangeError when a sigma is negative or not finite, or b is not wider than a, as the
 * quotient then has no finite integral.
 */
export function gaussianQuotient(a: Normal, b: Normal): Normal {
  requireSigmas({ "a.sigma": a.sigma, "b.sigma": b.sigma });
  if (!(b.sigma > a.sigma)) {
    throw new ArgumentError(`b.sigma must be above a.sigma, ${a.sigma}, got ${b.sigma}`);
  }
  const ratio = a.sigma / b.sigma;
  const rest = ((b.sigma - a.sigma) / b.sigma) * (1 + ratio);
  return {
    mean: a.mean + ((a.mean - b.mean) * ratio ** 2) / rest,
    sigma: a.sigma / Math.sqrt(rest),
  };
}

/**
 * Bayes' rule for a linear Gaussian observation: the distribution of x given
 * `observed = slope * x + sigma * noise` and the prior `x ~ N(prior.mean, prior.sigma^2)`.
 *
 * With `x = x_{t-1}`, slope `sqrt(alpha_t)` and sigma `sqrt(beta_t)` it is `q(x_{t-1} | x_t, x0)`
 * (Ho et al. 2020, eq. 6).
 *
 * @param prior The distribution of x before the observation.
 * @param observation How x is observed.
 * @param observed What was observed.
 * @throws RangeError when a sigma is negative or not finite, or when the observation has no
 * deviation at all and differs from `slope * prior.mean`.
 */
export function linearGaussianPosterior(
  prior: Normal,
  {
    slope,
    sigma,
  }: {
    /** What multiplies x. */
    readonly slope: number;
    /** The standard deviation of the observation's noise. */
    readonly sigma: number;
  },
  observed: number,
): Normal {
  requireSigmas({ "prior.sigma": prior.sigma, sigma });
  const spread = slope * prior.sigma;
  const norm = Math.hypot(spread, sigma);
  const expected = slope * prior.mean;
  if (norm === 0) {
    if (observed === expected) return { mean: prior.mean, sigma: prior.sigma };
    throw new ArgumentError(
      `observed must be slope * prior.mean, ${expected}, when it has no deviation, got ${observed}`,
    );
  }
  const gain = (prior.sigma / norm) * (spread / norm);
  return {
    mean: prior.mean + gain * (observed - expected),
    sigma: prior.sigma * (sigma / norm),
  };
}
