import type { Normal } from "./distributions/normal.ts";

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
