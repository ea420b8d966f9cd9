import { add, type Expr, mean, mul, neg } from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { drawsOf, logLikelihoodOf, logPosteriorOf, type VaeInputs } from "./draws.ts";
import { MODEL, type Vae } from "./vae.ts";
import { termsOf } from "./vae-loss.ts";

/**
 * The negative ELBO of a VAE with two levels of latents (Burda et al. 2016, section 5), in nats for
 * each item. The lower VAE has q(z1 | x) and p(x | z1). The upper VAE models z1 as its data: it has
 * q(z2 | z1) and p(z1 | z2), usually with the likelihood `{ sigma: "predicted" }`.
 *
 *   loss = -log p(x | z1) + log q(z1 | x) - log p(z1 | z2) + KL(q(z2 | z1) || N(0, I))
 *
 * Returns a function of x `[batch, ...shape]`, epsilon `[batch, ...lower.latent]` and upperEpsilon
 * `[batch, ...upper.latent]`. `kl` is the sum of `klLower`, which is an estimate by the draws, and
 * `klUpper`. Sampling decodes twice: the upper VAE gives z1's mean, the lower one x.
 *
 * @param lower The VAE of x, whose own prior is not used.
 * @param upper The VAE of z1, of the shape `lower.latent` and with other names of weights.
 * @param options The weight of both KL terms.
 */
export function hierarchicalLoss(
  lower: Vae,
  upper: Vae,
  options: {
    /** The weight of the KL terms. @defaultValue 1 */
    readonly beta?: number;
  } = {},
) {
  checkArguments({ lower, upper }, { lower: MODEL, upper: MODEL });
  checkOptions(options, { beta: rules.optional(rules.NOT_NEGATIVE) });
  const { beta = 1 } = options;
  if (upper.shape.join() !== lower.latent.join()) {
    throw new ArgumentError(
      `the upper VAE must take [${lower.latent.join(", ")}], the lower one's latent, got [${upper.shape.join(", ")}]`,
    );
  }
  return (inputs: VaeInputs & { readonly upperEpsilon: Expr }) => {
    const draws = drawsOf(lower, inputs);
    const above = drawsOf(upper, { x: draws.z, epsilon: inputs.upperEpsilon });
    const reconstruction = neg(mean(logLikelihoodOf(lower, draws)));
    const prior = termsOf(upper, above);
    const klLower = mean(add(logPosteriorOf(draws), prior.reconstruction));
    const klUpper = mean(prior.kl);
    const kl = add(klLower, klUpper);
    return { loss: add(reconstruction, mul(kl, beta)), reconstruction, kl, klLower, klUpper };
  };
}
