/*
 * What the losses of a VAE share: one draw of z or K for each x, and the log densities of the
 * draws. Rows are items, or items times draws: row i K + k is draw k of item i.
 *
 *   log p(x | z)    log p(z)    log q(z | x)    each [rows], in nats
 */
import {
  type Expr,
  elementCount,
  expand,
  exprArithmetic,
  mean,
  reshape,
  sum,
  zerosLike,
} from "@gen/graph";
import { klStandardNormal, normalLogProb, reparameterize } from "@gen/math";
import { ArgumentError, refused } from "@gen/math/arguments";
import type { Vae } from "./vae.ts";

/** What a loss of a VAE is computed from. */
export interface VaeInputs {
  /** The items, `[batch, ...shape]`. */
  readonly x: Expr;
  /** Standard normal noise `[batch, ...latent]`, or `[batch, K, ...latent]` for K draws of z. */
  readonly epsilon: Expr;
  /** The classes of a conditional VAE, `[batch]` int64. */
  readonly condition?: Expr;
  /** The weight of each item's KL term, `[batch]`, where it changes from step to step. */
  readonly beta?: Expr;
}

/** The posterior of a batch and draws from it. */
export interface Draws {
  /** Draws for each item. */
  readonly samples: number;
  /** The posterior of each item, `[batch, ...latent]`. */
  readonly posterior: { readonly mean: Expr; readonly logVariance: Expr };
  /** The posterior of each row. */
  readonly mean: Expr;
  readonly logVariance: Expr;
  /** The draw of each row. */
  readonly z: Expr;
  /** The item of each row. */
  readonly x: Expr;
  readonly condition?: Expr;
}

/** The sum over all axes but the first: `[batch]`. */
export const perItem = (e: Expr): Expr => sum(e, e.shape.map((_, i) => i).slice(1));

/** `[batch, ...]` to `[batch * count, ...]`: each item `count` times. */
function repeated(e: Expr, count: number): Expr {
  if (count === 1) return e;
  const [batch, ...rest] = e.shape;
  const wide = expand(reshape(e, [batch, 1, ...rest]), [batch, count, ...rest]);
  return reshape(wide, [elementCount([batch, count]), ...rest]);
}

/** Rows `[batch * K]` as `[batch, K]`. */
export const byItem = (rows: Expr, { posterior, samples }: Draws): Expr =>
  reshape(rows, [posterior.mean.shape[0], samples]);

/** Draws `mean + sigma epsilon` (Kingma and Welling 2014, section 2.4). */
export function drawsOf(model: Vae, { x, epsilon, condition }: VaeInputs): Draws {
  const posterior = model.encode(x, condition);
  const { shape } = epsilon;
  const extra = shape.length - model.latent.length - 1;
  const samples = extra === 1 ? shape[1] : 1;
  if ((extra !== 0 && extra !== 1) || typeof samples !== "number") {
    throw refused("epsilon", "[batch, ...latent] or [batch, samples, ...latent]", [...shape]);
  }
  const mean = repeated(posterior.mean, samples);
  const logVariance = repeated(posterior.logVariance, samples);
  const z = reparameterize(exprArithmetic, mean, logVariance, reshape(epsilon, mean.shape));
  const label = condition && repeated(condition, samples);
  return { samples, posterior, mean, logVariance, z, x: repeated(x, samples), condition: label };
}

/** `log p(x | z)` of each row. */
export const logLikelihoodOf = (model: Vae, { x, z, condition }: Draws): Expr =>
  perItem(model.logProb(x, model.decode(z, condition)));

/** `log p(z)` of each row: of N(0, I), or of the learned prior. */
export const logPriorOf = (model: Vae, z: Expr): Expr =>
  model.priorLogProb?.(z) ?? perItem(normalLogProb(exprArithmetic, z, zero, zero));

const zero = exprArithmetic.constant(0);

/** `log q(z | x)` of each row. */
export const logPosteriorOf = ({ z, mean, logVariance }: Draws): Expr =>
  perItem(normalLogProb(exprArithmetic, z, mean, logVariance));

/** `log w = log p(x | z) + log p(z) - log q(z | x)` of each row, and its first term. */
export function logWeightsOf(model: Vae, draws: Draws) {
  if (model.codes !== undefined) {
    throw new ArgumentError("importance weights need a density of z, got codes");
  }
  const logLikelihood = logLikelihoodOf(model, draws);
  const prior = logPriorOf(model, draws.z);
  const gap = exprArithmetic.sub(prior, logPosteriorOf(draws));
  return { logLikelihood, logWeight: exprArithmetic.add(logLikelihood, gap) };
}

/**
 * The KL of each item's posterior from the prior, `[batch]`: in closed form for N(0, I), by the
 * draws for a learned prior. Of a certain code from the uniform prior it is its logarithm.
 */
export function klOf(model: Vae, draws: Draws): Expr {
  const { mean: mu, logVariance } = draws.posterior;
  if (model.codes !== undefined) {
    const positions = elementCount(model.latent.slice(1)) as number;
    const nats = exprArithmetic.constant(positions * Math.log(model.codes));
    return exprArithmetic.add(perItem(zerosLike(mu)), nats);
  }
  if (!model.priorLogProb) return perItem(klStandardNormal(exprArithmetic, mu, logVariance));
  const gap = exprArithmetic.sub(logPosteriorOf(draws), logPriorOf(model, draws.z));
  return mean(byItem(gap, draws), [1]);
}
