import { add, type Expr, exprArithmetic, mean, mul, sum } from "@gen/graph";
import {
  type Arithmetic,
  bernoulliLogProb,
  klStandardNormal,
  normalLogProb,
  reparameterize,
} from "@gen/math";
import { checkArguments, checkOptions, refused, rules, shown } from "@gen/math/arguments";
import { LIKELIHOOD, type Likelihood, MODEL, type Vae } from "./vae.ts";

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
 * @param likelihood The meaning of the decoder's output.
 * @param parts The data, the decoder's output, and the posterior's parameters.
 */
export function vaeTerms<T>(
  a: Arithmetic<T>,
  likelihood: Likelihood,
  parts: {
    /** The data. */
    x: T;
    /** The decoder's output at a draw of z: logits, or means. */
    decoded: T;
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
  const { x, decoded, mean, logVariance } = parts;
  const given = Object.entries({ x, decoded, mean, logVariance });
  const unknown = given.find(([, part]) => kindOf(part) < 0);
  if (unknown) throw refused(unknown[0], "a number, an array or an expression", unknown[1]);
  const other = given.find(([, part]) => kindOf(part) !== kindOf(x));
  if (other) throw refused(other[0], `of the kind of x, ${shown(x)}`, other[1]);
  const logProb =
    likelihood === "bernoulli"
      ? bernoulliLogProb(a, decoded, x)
      : normalLogProb(a, x, decoded, a.constant(2 * Math.log(likelihood.sigma)));
  return { reconstruction: a.neg(logProb), kl: klStandardNormal(a, mean, logVariance) };
}

const ARITHMETIC = rules.having("an arithmetic, such as exprArithmetic", {
  neg: rules.FUNCTION,
  constant: rules.FUNCTION,
});

const KINDS = [rules.ANY_NUMBER, rules.NUMBERS, rules.EXPRESSION];
const kindOf = (value: unknown): number => KINDS.findIndex(([, test]) => test(value));

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
 *
 * @param model The VAE to train.
 * @param options The weight of the KL term.
 */
export function vaeLoss(
  model: Vae,
  options: {
    /** The weight of the KL term. @defaultValue 1 */
    beta?: number;
  } = {},
) {
  checkArguments({ model }, { model: MODEL });
  checkOptions(options, { beta: rules.optional(rules.NOT_NEGATIVE) });
  const { beta = 1 } = options;
  return ({ x, epsilon }: { x: Expr; epsilon: Expr }) => {
    const terms = itemTerms(model, x, epsilon);
    const [reconstruction, kl] = [mean(terms.reconstruction), mean(terms.kl)];
    return { loss: add(reconstruction, mul(kl, beta)), reconstruction, kl };
  };
}
