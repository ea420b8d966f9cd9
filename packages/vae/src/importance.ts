/*
 * Importance-weighted bounds. With draws z_1..z_K of q(z | x) and w_k = p(x, z_k) / q(z_k | x):
 *
 *   L_K = E[ log (1 / K) sum_k w_k ],    ELBO = L_1 <= L_2 <= ... <= log p(x)
 *
 * (Burda et al. 2016, eq. 8). The number of draws is the second axis of epsilon.
 */
import {
  add,
  type Expr,
  gradients,
  logSumExp,
  mean,
  mul,
  neg,
  reshape,
  softmax,
  square,
  stopGradient,
  sub,
  sum,
} from "@gen/graph";
import { checkArguments, checkOptions, refused, rules } from "@gen/math/arguments";
import { byItem, type Draws, drawsOf, klOf, logWeightsOf, type VaeInputs } from "./draws.ts";
import { MODEL, type Vae } from "./vae.ts";

/** Settings of {@link iwaeLoss}. */
export interface IwaeOptions {
  /**
   * Splits the draws of each item into so many groups: the loss is the mean of their bounds (MIWAE,
   * Rainforth et al. 2018).
   * @defaultValue 1
   */
  readonly groups?: number;
  /** The share of the ELBO in the loss, in [0, 1] (CIWAE, ibid.). @defaultValue 0 */
  readonly elboShare?: number;
  /**
   * The gradient of the encoder. `"reparameterized"`: the loss's own. `"doubly-reparameterized"`: the
   * estimator without the score of q, whose signal does not fade as K grows (DReG, Tucker et al.
   * 2019). `"grouped"`: the decoder learns from the bound of all draws, and the encoder from
   * the bounds of the groups (PIWAE, Rainforth et al. 2018).
   * @defaultValue "reparameterized"
   */
  readonly gradient?: "reparameterized" | "doubly-reparameterized" | "grouped";
}

/**
 * Minus the importance-weighted bound, in nats for each item.
 *
 * Returns a function of x `[batch, ...shape]` and epsilon `[batch, K, ...latent]`. `bound` is minus
 * the bound of all K draws, whatever `loss` mixes it with. `reconstruction` and `kl` are the ELBO's.
 *
 * @param model The VAE to train.
 * @param options Groups of draws, the ELBO's share, and the encoder's gradient.
 */
export function iwaeLoss(model: Vae, options: IwaeOptions = {}) {
  checkArguments({ model }, { model: MODEL });
  checkOptions(options, {
    groups: rules.optional(rules.COUNT),
    elboShare: rules.optional(rules.UNIT),
    gradient: rules.optional(rules.oneOf("reparameterized", "doubly-reparameterized", "grouped")),
  });
  const { groups = 1, elboShare = 0, gradient = "reparameterized" } = options;
  if (gradient !== "reparameterized" && elboShare > 0) {
    throw refused("elboShare", `0 with the ${gradient} gradient`, elboShare);
  }
  if (gradient === "doubly-reparameterized" && groups > 1) {
    throw refused("groups", "1 with the doubly reparameterized gradient", groups);
  }
  return (inputs: VaeInputs) => {
    const draws = drawsOf(model, inputs);
    if (draws.samples % groups !== 0) {
      throw refused("groups", `a divisor of the ${draws.samples} draws`, groups);
    }
    // Where the encoder has a gradient of its own, the bound's must not reach it.
    const held = gradient === "reparameterized" ? draws : heldDraws(draws);
    const { logLikelihood, logWeight } = logWeightsOf(model, held);
    const weights = byItem(logWeight, draws);
    const bound = negativeBound(weights, 1);
    const terms = { reconstruction: neg(mean(logLikelihood)), kl: mean(klOf(model, draws)), bound };
    if (gradient === "reparameterized") {
      const iwae = groups === 1 ? bound : negativeBound(weights, groups);
      if (elboShare === 0) return { loss: iwae, ...terms };
      const elbo = neg(mean(logWeight));
      return { loss: add(mul(iwae, 1 - elboShare), mul(elbo, elboShare)), ...terms };
    }
    if (gradient === "grouped") {
      const ends = ["z", "mean", "logVariance"] as const;
      return {
        loss: add(bound, carried(negativeBound(weights, groups), draws, held, ends)),
        ...terms,
      };
    }
    // d L_K / d phi = E[ sum_k (w_k / sum w)^2 (d log w_k / d z_k) (d z_k / d phi) ]
    const squares = stopGradient(square(softmax(weights, 1)));
    const surrogate = neg(mean(sum(mul(squares, weights), [1])));
    return { loss: add(bound, carried(surrogate, draws, held, ["z"])), ...terms };
  };
}

/** `-mean over items and groups of log mean_k w_k`, from log w `[batch, K]`. */
function negativeBound(logWeights: Expr, groups: number): Expr {
  const [batch, samples] = logWeights.shape as [Expr["shape"][0], number];
  const size = samples / groups;
  const each = logSumExp(reshape(logWeights, [batch, groups, size]), 2);
  return neg(mean(sub(each, Math.log(size))));
}

/** The same draws as constants of the loss. */
const heldDraws = (draws: Draws): Draws => ({
  ...draws,
  z: stopGradient(draws.z),
  mean: stopGradient(draws.mean),
  logVariance: stopGradient(draws.logVariance),
});

/**
 * An expression of value 0 that gives `draws` the gradient which `loss` has by `held`.
 */
function carried(
  loss: Expr,
  draws: Draws,
  held: Draws,
  names: readonly ("z" | "mean" | "logVariance")[],
): Expr {
  const slopes = gradients(
    loss,
    names.map((name) => held[name]),
  );
  return names
    .map((name, i) => sum(mul(stopGradient(slopes[i]), sub(draws[name], held[name]))))
    .reduce((a, b) => add(a, b));
}
