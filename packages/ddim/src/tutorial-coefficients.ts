import { type NoiseLevel, posteriorCoefficients } from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";

/** `q(x_{t-1} | x_t, x0) = N(kappa x_t + lambda x0, sigma^2 I)`. */
export interface TutorialCoefficients {
  /** What x_t is multiplied by. */
  readonly kappa: number;
  /** What x0 is multiplied by. */
  readonly lambda: number;
  /** What fresh standard normal noise is multiplied by. */
  readonly sigma: number;
}

/**
 * DDIM's undetermined coefficients by their names in the tutorial, from level t to level t - 1:
 * `kappa = sqrt(to.noise^2 - sigma^2) / from.noise`, `lambda = to.signal - from.signal * kappa`.
 *
 * They keep the marginals: `to.signal = kappa * from.signal + lambda` and
 * `to.noise = sqrt(kappa^2 * from.noise^2 + sigma^2)`.
 *
 * @param from The level of step t.
 * @param to The level of step t - 1.
 * @param eta The share of the posterior's noise, in [0, 1]; 0 is DDIM, 1 is DDPM.
 * @throws RangeError when eta is outside [0, 1].
 */
export function tutorialCoefficients(
  from: NoiseLevel,
  to: NoiseLevel,
  eta: number,
): TutorialCoefficients {
  checkArguments({ from, to, eta }, { from: rules.LEVEL, to: rules.LEVEL, eta: rules.UNIT });
  const { x: kappa, x0: lambda, noise: sigma } = posteriorCoefficients(from, to, eta);
  return { kappa, lambda, sigma };
}
