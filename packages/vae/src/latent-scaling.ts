import { add, constant, div, type Expr, mul, type Operand, sub, tensor } from "@gen/graph";
import { ArgumentError, checkArguments, refused, rules, shown } from "@gen/math/arguments";

/** Converts between an autoencoder's latents and a denoiser's. */
export interface LatentScaling {
  /** The denoiser's latents from the mean and log variance of the autoencoder's. */
  apply(mean: Expr, logVariance: Expr): { mean: Expr; logVariance: Expr };
  /** The autoencoder's latents from the denoiser's. */
  undo(latent: Expr): Expr;
}

/**
 * The scaling of a diffusers VAE config: `(z - latents_mean) * scaling_factor / latents_std` with a
 * number for each channel (axis 1) where it has both lists, else `(z - shift_factor) * scaling_factor`.
 *
 * @param config The fields of diffusers' `vae/config.json`.
 * @throws RangeError when a deviation or the factor is not a positive number.
 */
export function latentScaling(config: Readonly<Record<string, unknown>>): LatentScaling {
  checkArguments({ config }, { config: rules.OBJECT });
  const { latents_mean, latents_std, shift_factor, scaling_factor } = config;
  const [factor] = numbers("scaling_factor", [scaling_factor ?? 1]);
  const isStandardized = latents_mean != null && latents_std != null;
  const means = isStandardized
    ? numbers("latents_mean", latents_mean)
    : numbers("shift_factor", [shift_factor ?? 0]);
  const spread = isStandardized ? numbers("latents_std", latents_std) : [1];
  const deviations = spread.map((d) => d / factor);
  if (!deviations.every((d) => d > 0 && d < Infinity)) {
    throw new ArgumentError(
      `a VAE's latents_std or scaling_factor must be positive, got ${shown(latents_std ?? scaling_factor)}`,
    );
  }
  if (means.every((m) => m === 0) && deviations.every((d) => d === 1)) {
    return { apply: (mean, logVariance) => ({ mean, logVariance }), undo: (latent) => latent };
  }
  const logs = deviations.map((d) => 2 * Math.log(d));
  return {
    apply: (mean, logVariance) => ({
      mean: div(sub(mean, along(means, mean)), along(deviations, mean)),
      logVariance: sub(logVariance, along(logs, mean)),
    }),
    undo: (latent) => add(mul(latent, along(deviations, latent)), along(means, latent)),
  };
}

/** Broadcastable numbers: one for each entry of axis 1, or one for all. */
function along(values: readonly number[], like: Expr): Operand {
  if (values.length === 1) return values[0];
  const shape = like.shape.map((_, i) => (i === 1 ? values.length : 1));
  return constant(tensor(Float32Array.from(values), shape));
}

function numbers(name: string, value: unknown): number[] {
  if (Array.isArray(value) && value.length > 0 && value.every((v) => Number.isFinite(v))) {
    return value;
  }
  throw refused(name, "numbers", value);
}
