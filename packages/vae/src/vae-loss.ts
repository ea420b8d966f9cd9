import { add, constant, type Expr, exprArithmetic, maximum, mean, mul, neg, sum } from "@gen/graph";
import { type Arithmetic, klStandardNormal } from "@gen/math";
import {
  ArgumentError,
  checkArguments,
  checkOptions,
  refused,
  rules,
  shown,
} from "@gen/math/arguments";
import { byItem, type Draws, drawsOf, klOf, logLikelihoodOf, type VaeInputs } from "./draws.ts";
import { LIKELIHOOD, type Likelihood, valueLogProb } from "./likelihood.ts";
import { MODEL, type Vae } from "./vae.ts";

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
 *
 * @param a The arithmetic of the parts, such as `numberArithmetic`.
 * @param likelihood The meaning of the decoder's output; any but the categorical one.
 * @param parts The data, the decoder's output, and the posterior's parameters.
 */
export function vaeTerms<T>(
  a: Arithmetic<T>,
  likelihood: Exclude<Likelihood, { readonly categorical: number }>,
  parts: {
    /** The data. */
    x: T;
    /** The decoder's output at a draw of z: logits, or means. */
    decoded: T;
    /** The log variance or log scale of x, where it is not a number of the likelihood. */
    scale?: T;
    /** The posterior's mean. */
    mean: T;
    /** The logarithm of the posterior's variance. */
    logVariance: T;
  },
): VaeTerms<T> {
  checkArguments(
    { a, likelihood, parts },
    { a: ARITHMETIC, likelihood: LIKELIHOOD, parts: rules.OBJECT },
  );
  const { x, decoded, scale, mean, logVariance } = parts;
  const given = Object.entries({
    x,
    decoded,
    mean,
    logVariance,
    ...(scale !== undefined && { scale }),
  });
  const unknown = given.find(([, part]) => kindOf(part) < 0);
  if (unknown) throw refused(unknown[0], "a number, an array or an expression", unknown[1]);
  const other = given.find(([, part]) => kindOf(part) !== kindOf(x));
  if (other) throw refused(other[0], `of the kind of x, ${shown(x)}`, other[1]);
  const logProb = valueLogProb(a, likelihood, x, decoded, scale);
  return { reconstruction: a.neg(logProb), kl: klStandardNormal(a, mean, logVariance) };
}

const ARITHMETIC = rules.having("an arithmetic, such as exprArithmetic", {
  neg: rules.FUNCTION,
  constant: rules.FUNCTION,
});

const KINDS = [rules.ANY_NUMBER, rules.NUMBERS, rules.EXPRESSION];
const kindOf = (value: unknown): number => KINDS.findIndex(([, test]) => test(value));

/** The terms of each item `[batch]`, in nats, means over the draws of z. */
export const itemTerms = (model: Vae, inputs: VaeInputs): VaeTerms<Expr> =>
  termsOf(model, drawsOf(model, inputs));

/** The same from draws of z. */
export function termsOf(model: Vae, draws: Draws): VaeTerms<Expr> {
  const logLikelihood = mean(byItem(logLikelihoodOf(model, draws), draws), [1]);
  return { reconstruction: neg(logLikelihood), kl: klOf(model, draws) };
}

/**
 * The negative ELBO in nats: summed over pixels and latent dimensions, averaged over the batch and
 * over the draws of z.
 *
 * Returns a function of x `[batch, ...shape]` and epsilon `[batch, ...latent]` (or
 * `[batch, K, ...latent]`) for `train`. `loss = reconstruction + beta * kl` is the bound itself when
 * beta is 1; Higgins et al. (2017, eq. 4) take other values. Their sum is minus the bound in any
 * case.
 *
 * @param model The VAE to train.
 * @param options The weight of the KL term, and its free bits.
 */
export function vaeLoss(
  model: Vae,
  options: {
    /** The weight of the KL term. An input `beta` `[batch]` multiplies it. @defaultValue 1 */
    beta?: number;
    /**
     * Nats of each feature or channel of z that cost nothing more: the KL term is
     * `sum_j max(freeBits, mean over the batch of KL_j)` (Kingma et al. 2016, eq. 15).
     * @defaultValue 0
     */
    freeBits?: number;
  } = {},
) {
  checkArguments({ model }, { model: MODEL });
  const amount = rules.optional(rules.NOT_NEGATIVE);
  checkOptions(options, { beta: amount, freeBits: amount });
  const { beta = 1, freeBits = 0 } = options;
  if (freeBits > 0 && model.priorLogProb) {
    throw new ArgumentError("freeBits need the prior N(0, I), and the model learns its prior");
  }
  return (inputs: VaeInputs) => {
    const draws = drawsOf(model, inputs);
    const terms = termsOf(model, draws);
    const [reconstruction, kl] = [mean(terms.reconstruction), mean(terms.kl)];
    const weights = inputs.beta ? mul(inputs.beta, beta) : constant(beta, kl.dtype);
    const cost =
      freeBits > 0 ? mul(freeKl(draws, freeBits), mean(weights)) : mean(mul(terms.kl, weights));
    return { loss: add(reconstruction, cost), reconstruction, kl };
  };
}

/** `sum_j max(least, mean over the batch of KL_j)`; j counts the first axis of z. */
function freeKl({ posterior }: Draws, least: number): Expr {
  const each = klStandardNormal(exprArithmetic, posterior.mean, posterior.logVariance);
  const groups = sum(each, each.shape.map((_, i) => i).slice(2));
  return sum(maximum(mean(groups, [0]), least));
}
