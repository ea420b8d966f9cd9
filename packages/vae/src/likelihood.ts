/*
 * The meaning of a decoder's output: which distribution of x it gives. A likelihood is plain data;
 * `outputs` numbers of the decoder belong to each value of x, joined along axis 1.
 *
 *   outputsOf({ logistic: 256 }) // 2: a mean and a log scale
 */
import {
  add,
  cast,
  constant,
  type Expr,
  equal,
  exprArithmetic,
  floor,
  gradients,
  logSumExp,
  mul,
  reshape,
  sigmoid,
  slice,
  softmax,
  sub,
  sum,
  tensor,
} from "@gen/graph";
import {
  type Arithmetic,
  bernoulliLogProb,
  continuousBernoulliLogProb,
  discretizedLogisticLogProb,
  normalLogProb,
} from "@gen/math";
import { refused, rules } from "@gen/math/arguments";

/**
 * The meaning of the decoder's output, for each value of x:
 *
 * - `"bernoulli"`: logits; x anywhere in [0, 1].
 * - `"continuous-bernoulli"`: logits of a density on [0, 1] (Loaiza-Ganem and Cunningham 2019).
 * - `{ sigma }`: the mean of a Gaussian. Its deviation is the number `sigma`; one learned number for
 *   all values, `"global"` (Rybkin et al. 2021); or `"predicted"`: the decoder gives means, then log
 *   variances.
 * - `{ logistic: levels }`: means, then log scales, of a logistic over `levels` values in [0, 1]
 *   (Salimans et al. 2017, eq. 2).
 * - `{ categorical: levels }`: one logit for each of `levels` values in [0, 1].
 */
export type Likelihood =
  | "bernoulli"
  | "continuous-bernoulli"
  | {
      /** The standard deviation of each value of x, or how it is learned. */
      readonly sigma: number | "global" | "predicted";
    }
  | {
      /** How many values x has, at least 2. */
      readonly logistic: number;
    }
  | {
      /** How many values x has, at least 2. */
      readonly categorical: number;
    };

const LEVELS = rules.integerIn(2, 65_536);

/** What a likelihood may be. */
export const LIKELIHOOD = rules.either(
  rules.oneOf("bernoulli", "continuous-bernoulli"),
  rules.having("{ sigma }", {
    sigma: rules.either(rules.ANY_NUMBER, rules.oneOf("global", "predicted")),
  }),
  rules.having("{ logistic }", { logistic: LEVELS }),
  rules.having("{ categorical }", { categorical: LEVELS }),
);

/** @throws RangeError when sigma is a number that is not positive and finite. */
export function checkLikelihood(likelihood: Likelihood): void {
  if (typeof likelihood === "string" || !("sigma" in likelihood)) return;
  const { sigma } = likelihood;
  if (typeof sigma === "number" && !(sigma > 0 && sigma < Infinity)) {
    throw refused("likelihood.sigma", "positive", sigma);
  }
}

/** How many numbers of the decoder belong to one value of x. */
export function outputsOf(likelihood: Likelihood): number {
  if (typeof likelihood === "string") return 1;
  if ("sigma" in likelihood) return likelihood.sigma === "predicted" ? 2 : 1;
  return "logistic" in likelihood ? 2 : likelihood.categorical;
}

/** Whether the likelihood gives values outside [0, 1] no probability. */
export const needsUnitData = (likelihood: Likelihood): boolean =>
  typeof likelihood === "string" || !("sigma" in likelihood);

/**
 * `log p(x)` in nats, elementwise, of every likelihood but the categorical one.
 *
 * @param first The decoder's first number for each value: a logit or a mean.
 * @param second The log variance or log scale, where it is not a number of the likelihood.
 */
export function valueLogProb<T>(
  a: Arithmetic<T>,
  likelihood: Exclude<Likelihood, { readonly categorical: number }>,
  x: T,
  first: T,
  second?: T,
): T {
  if (likelihood === "bernoulli") return bernoulliLogProb(a, first, x);
  if (likelihood === "continuous-bernoulli") return continuousBernoulliLogProb(a, first, x);
  const { sigma } = likelihood as { sigma?: number | string };
  const spread = typeof sigma === "number" ? a.constant(2 * Math.log(sigma)) : second;
  if (spread === undefined) throw refused("scale", "given with this likelihood", second);
  if (!("logistic" in likelihood)) return normalLogProb(a, x, first, spread);
  return discretizedLogisticLogProb(a, x, first, spread, likelihood.logistic);
}

/**
 * `log p(x)` of each value of x `[batch, ...shape]`, from the decoder's output.
 *
 * @param logVariance The learned log variance `[1]` of `{ sigma: "global" }`.
 */
export function logProbOf(
  likelihood: Likelihood,
  x: Expr,
  decoded: Expr,
  logVariance?: Expr,
): Expr {
  if (typeof likelihood === "object" && "categorical" in likelihood) {
    const levels = likelihood.categorical;
    const [logits, ranks] = byLevel(decoded, levels);
    const rank = floor(add(mul(x, levels - 1), 0.5));
    const [batch, ...rest] = x.shape;
    const isRank = cast(equal(reshape(rank, [batch, 1, ...rest]), ranks), x.dtype);
    return sub(sum(mul(logits, isRank), [1]), logSumExp(logits, 1));
  }
  const [first, second] = parts(decoded, outputsOf(likelihood));
  return valueLogProb(exprArithmetic, likelihood, x, first, second ?? logVariance);
}

/** The mean of x `[batch, ...shape]`, from the decoder's output. */
export function meanOf(likelihood: Likelihood, decoded: Expr): Expr {
  if (likelihood === "bernoulli") return sigmoid(decoded);
  if (likelihood === "continuous-bernoulli") {
    // An exponential family: d log p(x) / d logits = x - mean.
    const logProb = continuousBernoulliLogProb(exprArithmetic, decoded, mul(decoded, 0));
    return mul(gradients(sum(logProb), [decoded])[0], -1);
  }
  if ("categorical" in likelihood) {
    const [logits, ranks] = byLevel(decoded, likelihood.categorical);
    return mul(sum(mul(softmax(logits, 1), ranks), [1]), 1 / (likelihood.categorical - 1));
  }
  return parts(decoded, outputsOf(likelihood))[0];
}

/** The joined numbers of each value, apart: `[batch, count * c, ...]` to `[batch, c, ...]` each. */
function parts(joined: Expr, count: number): Expr[] {
  const size = (joined.shape[1] as number) / count;
  return Array.from({ length: count }, (_, i) => slice(joined, 1, i * size, (i + 1) * size));
}

/** The logits as `[batch, levels, ...shape]`, and the levels' numbers beside them. */
function byLevel(decoded: Expr, levels: number): [logits: Expr, ranks: Expr] {
  const [batch, channels, ...rest] = decoded.shape;
  const logits = reshape(decoded, [batch, levels, (channels as number) / levels, ...rest]);
  const ranks = tensor(
    Array.from({ length: levels }, (_, i) => i),
    [1, levels, ...logits.shape.slice(2).map(() => 1)],
    logits.dtype,
  );
  return [logits, constant(ranks)];
}
