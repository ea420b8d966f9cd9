import { add, type Expr, exprArithmetic, mean, mul, sum } from "@gen/graph";
import {
  type Arithmetic,
  bernoulliLogProb,
  klStandardNormal,
  normalLogProb,
  reparameterize,
} from "@gen/math";
import type { Likelihood, Vae } from "./vae.ts";

/** The two terms of the bound, elementwise, in nats. */
export interface VaeTerms<T> {
  /** `-log p(x | z)` of each element of x. */
  readonly reconstruction: T;
  /** `KL(q(z | x) || N(0, 1))` of each element of z. */
  readonly kl: T;
}

/**
 * The terms of the negative ELBO (Kingma and Welling 2014, eq. 7 and appendix B), elementwise over
 * numbers, arrays or expressions. Sum them over pixels and latent dimensions.
 */
export function vaeTerms<T>(
  a: Arithmetic<T>,
  likelihood: Likelihood,
  parts: { x: T; decoded: T; mean: T; logVariance: T },
): VaeTerms<T> {
  const { x, decoded, mean, logVariance } = parts;
  const logProb =
    likelihood === "bernoulli"
      ? bernoulliLogProb(a, decoded, x)
      : normalLogProb(a, x, decoded, a.constant(2 * Math.log(likelihood.sigma)));
  return { reconstruction: a.neg(logProb), kl: klStandardNormal(a, mean, logVariance) };
}

/** The terms of each item `[batch]`, in nats, from x and standard normal noise for z. */
export function itemTerms(model: Vae, x: Expr, epsilon: Expr): VaeTerms<Expr> {
  const { mean, logVariance } = model.encode(x);
  const z = reparameterize(exprArithmetic, mean, logVariance, epsilon);
  const decoded = model.decode(z);
  const terms = vaeTerms(exprArithmetic, model.likelihood, { x, decoded, mean, logVariance });
  const total = (e: Expr) => sum(e, e.shape.map((_, i) => i).slice(1));
  return { reconstruction: total(terms.reconstruction), kl: total(terms.kl) };
}

/**
 * The negative ELBO in nats: summed over pixels and latent dimensions, averaged over the batch.
 *
 * Returns a function of x `[batch, ...shape]` and epsilon `[batch, ...latent]` for `train`.
 * `loss = reconstruction + beta * kl` is the bound itself when beta is 1; Higgins et al. (2017) take
 * other values.
 */
export function vaeLoss(model: Vae, { beta = 1 }: { beta?: number } = {}) {
  return ({ x, epsilon }: { x: Expr; epsilon: Expr }) => {
    const terms = itemTerms(model, x, epsilon);
    const [reconstruction, kl] = [mean(terms.reconstruction), mean(terms.kl)];
    return { loss: add(reconstruction, mul(kl, beta)), reconstruction, kl };
  };
}
