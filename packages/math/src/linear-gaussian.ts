import type { Normal } from "./distributions/normal.ts";

/**
 * The normalized product of two Gaussian densities: precisions add,
 * `mean = (mean_a sigma_b^2 + mean_b sigma_a^2) / (sigma_a^2 + sigma_b^2)`.
 */
export function gaussianProduct(a: Normal, b: Normal): Normal {
  const norm = Math.hypot(a.sigma, b.sigma);
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
 * @throws RangeError when b is not wider than a, as the quotient then has no finite integral.
 */
export function gaussianQuotient(a: Normal, b: Normal): Normal {
  if (!(b.sigma > a.sigma)) {
    throw new RangeError(`b.sigma must be above a.sigma, ${a.sigma}, got ${b.sigma}`);
  }
  const rest = 1 - (a.sigma / b.sigma) ** 2;
  return {
    mean: a.mean + ((a.mean - b.mean) * (a.sigma / b.sigma) ** 2) / rest,
    sigma: a.sigma / Math.sqrt(rest),
  };
}

/**
 * Bayes' rule for a linear Gaussian observation: the distribution of x given
 * `observed = slope * x + sigma * noise` and the prior `x ~ N(prior.mean, prior.sigma^2)`.
 *
 * With `x = x_{t-1}`, slope `sqrt(alpha_t)` and sigma `sqrt(beta_t)` it is `q(x_{t-1} | x_t, x0)`
 * (Ho et al. 2020, eq. 6).
 */
export function linearGaussianPosterior(
  prior: Normal,
  { slope, sigma }: { readonly slope: number; readonly sigma: number },
  observed: number,
): Normal {
  const spread = slope * prior.sigma;
  const norm = Math.hypot(spread, sigma);
  const gain = (prior.sigma / norm) * (spread / norm);
  return {
    mean: prior.mean + gain * (observed - slope * prior.mean),
    sigma: prior.sigma * (sigma / norm),
  };
}
