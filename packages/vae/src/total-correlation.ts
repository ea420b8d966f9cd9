/*
 * Losses that part the KL term into what z knows of x, what its features know of each other, and
 * how each feature differs from the prior (Chen et al. 2018, eq. 2):
 *
 *   E KL(q(z | x) || p(z)) = I(z; n) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j))
 *
 * The middle term is the total correlation. beta-TC estimates it from the batch, FactorVAE by a
 * discriminator (Kim and Mnih 2018).
 */
import {
  add,
  concat,
  constant,
  type Expr,
  exprArithmetic,
  gather,
  gradients,
  logSumExp,
  mean,
  mul,
  reshape,
  slice,
  softplus,
  stopGradient,
  sub,
  sum,
  tensor,
} from "@gen/graph";
import { normalLogProb } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, refused, rules } from "@gen/math/arguments";
import type { Network, Optimizer } from "@gen/nn";
import { drawsOf, logPosteriorOf, logPriorOf, type VaeInputs } from "./draws.ts";
import { reading } from "./objective.ts";
import { MODEL, type Vae } from "./vae.ts";
import { termsOf } from "./vae-loss.ts";

/** Settings of {@link betaTcLoss}. */
export interface BetaTcOptions {
  /** The number of items that batches are drawn from. */
  readonly dataSize: number;
  /** Weight of the information between z and the item. @defaultValue 1 */
  readonly alpha?: number;
  /** Weight of the total correlation. @defaultValue 6 */
  readonly beta?: number;
  /** Weight of each feature's KL from the prior. @defaultValue 1 */
  readonly gamma?: number;
  /**
   * How q(z) is estimated from the batch: `"weighted"` (Chen et al. 2018, eq. 5) or `"stratified"`
   * (ibid., appendix C.2).
   * @defaultValue "stratified"
   */
  readonly sampling?: "stratified" | "weighted";
}

/**
 * The loss of a beta-TC VAE (Chen et al. 2018, eq. 4), in nats for each item:
 * `reconstruction + alpha mutualInformation + beta totalCorrelation + gamma dimensionwise`.
 *
 * Returns a function of x `[batch, ...shape]` and epsilon `[batch, ...latent]`; the batch has a
 * fixed size of at least 2. The three terms sum to `log q(z | x) - log p(z)` at the draws, whose
 * expected value is `kl`.
 *
 * @param model The VAE to train, with the prior N(0, I).
 * @param options The number of items, the weights, and how q(z) is estimated.
 */
export function betaTcLoss(model: Vae, options: BetaTcOptions) {
  checkArguments({ model }, { model: MODEL });
  const weight = rules.optional(rules.FINITE);
  checkOptions(options, {
    dataSize: rules.COUNT,
    alpha: weight,
    beta: weight,
    gamma: weight,
    sampling: rules.optional(rules.oneOf("stratified", "weighted")),
  });
  const { dataSize, alpha = 1, beta = 6, gamma = 1, sampling = "stratified" } = options;
  return (inputs: VaeInputs) => {
    const draws = drawsOf(model, inputs);
    const terms = termsOf(model, draws);
    const [batch] = draws.z.shape;
    if (draws.samples > 1 || typeof batch !== "number" || batch < 2 || batch > dataSize) {
      throw new ArgumentError(
        `beta-TC needs one draw for each of 2 to ${dataSize} items, got ${batch} items and ${draws.samples} draws`,
      );
    }
    const rows = (e: Expr, shape: readonly number[]) => reshape(e, [...shape, -1]);
    // log q(z_i | x_j) of each feature, [batch, batch, features].
    const pairs = normalLogProb(
      exprArithmetic,
      rows(draws.z, [batch, 1]),
      rows(draws.mean, [1, batch]),
      rows(draws.logVariance, [1, batch]),
    );
    const logWeights = constant(
      tensor(pairWeights(batch, dataSize, sampling), [batch, batch], pairs.dtype),
    );
    const joint = logSumExp(add(sum(pairs, [2]), logWeights), 1);
    const each = logSumExp(add(pairs, reshape(logWeights, [batch, batch, 1])), 1);
    const product = sum(each, [1]);
    const mutualInformation = mean(sub(logPosteriorOf(draws), joint));
    const totalCorrelation = mean(sub(joint, product));
    const dimensionwise = mean(sub(product, logPriorOf(model, draws.z)));
    const [reconstruction, kl] = [mean(terms.reconstruction), mean(terms.kl)];
    const parts = [
      mul(mutualInformation, alpha),
      mul(totalCorrelation, beta),
      mul(dimensionwise, gamma),
    ];
    const loss = parts.reduce((a, b) => add(a, b), reconstruction);
    return { loss, reconstruction, kl, mutualInformation, totalCorrelation, dimensionwise };
  };
}

/**
 * The logarithm of the weight of item j in the estimate of q(z_i), `[batch, batch]`. Stratified:
 * 1 / N for z_i's own item; of the other M, one stands for all items that are not in the batch,
 * (N - M) / (N M), and each of the rest has 1 / M. A row sums to 1.
 */
function pairWeights(batch: number, dataSize: number, sampling: "stratified" | "weighted") {
  const others = batch - 1;
  return Float64Array.from({ length: batch * batch }, (_, k) => {
    if (sampling === "weighted") return -Math.log(dataSize * batch);
    const [i, j] = [Math.floor(k / batch), k % batch];
    if (i === j) return -Math.log(dataSize);
    if (j === (i + 1) % batch) return Math.log((dataSize - others) / (dataSize * others));
    return -Math.log(others);
  });
}

/** The inputs of {@link factorVaeLoss}. */
export interface FactorVaeInputs extends VaeInputs {
  /** Other items, drawn as x is, `[batch, ...shape]`. */
  readonly other: Expr;
  /** Standard normal noise for the other items, `[batch, ...latent]`. */
  readonly otherEpsilon: Expr;
  /** A permutation of 0..batch - 1 for each feature of z, `[batch, features]` int64. */
  readonly permutation: Expr;
  /** The classes of the other items, in a conditional VAE. */
  readonly otherCondition?: Expr;
}

/**
 * The losses of FactorVAE and of its discriminator as one (Kim and Mnih 2018, eq. 2 and
 * algorithm 2): `reconstruction + kl + gamma totalCorrelation + discriminator`.
 *
 * The discriminator tells draws of q(z) from draws whose features are permuted over the batch. Its
 * term `-(log D(z) + log (1 - D(z'))) / 2` trains its weights alone, and `totalCorrelation`, the
 * mean of `log D(z) - log (1 - D(z))`, trains the VAE alone. `trainVae` trains both.
 *
 * @param model The VAE to train, with a latent `[features]`.
 * @param discriminator z `[batch, features]` to the log odds `[batch, 1]` of a draw of q(z), or to
 * two logits, of which the first is for a draw of q(z).
 * @param options The weight of the total correlation.
 */
export function factorVaeLoss(
  model: Vae,
  discriminator: Network,
  options: {
    /** The weight of the total correlation. @defaultValue 10 */
    readonly gamma?: number;
    /**
     * The rule that moves the discriminator, such as the paper's
     * `adam({ learningRate: 1e-4, betas: [0.5, 0.9] })` (Kim and Mnih 2018).
     * @defaultValue the training's own
     */
    readonly optimizer?: Optimizer;
  } = {},
) {
  checkArguments({ model, discriminator }, { model: MODEL, discriminator: rules.NETWORK });
  checkOptions(options, {
    gamma: rules.optional(rules.FINITE),
    optimizer: rules.optional(rules.OBJECT),
  });
  const { gamma = 10, optimizer } = options;
  if (model.latent.length > 1) throw refused("latent", "[features]", [...model.latent]);
  const logOdds = (z: Expr) => {
    const logits = discriminator.apply(z);
    if (logits.shape[1] === 1) return logits;
    return sub(slice(logits, 1, 0, 1), slice(logits, 1, 1, 2));
  };
  const factorLoss = (inputs: FactorVaeInputs) => {
    const { other, otherEpsilon, otherCondition, permutation } = inputs;
    const draws = drawsOf(model, inputs);
    const terms = termsOf(model, draws);
    const [reconstruction, kl] = [mean(terms.reconstruction), mean(terms.kl)];
    const held = stopGradient(draws.z);
    const own = logOdds(held);
    const totalCorrelation = mean(own);
    // The value of the term, with its gradient by z and none by the discriminator's weights.
    const [slope] = gradients(totalCorrelation, [held]);
    const pull = sum(mul(stopGradient(slope), sub(draws.z, held)));
    const forVae = add(stopGradient(totalCorrelation), pull);
    const second = { x: other, epsilon: otherEpsilon, condition: otherCondition };
    const mixed = permuted(stopGradient(drawsOf(model, second).z), permutation);
    const missed = add(mean(softplus(mul(own, -1))), mean(softplus(logOdds(mixed))));
    const judge = mul(missed, 0.5);
    const loss = add(add(reconstruction, kl), add(mul(forVae, gamma), judge));
    return { loss, reconstruction, kl, totalCorrelation, discriminator: judge };
  };
  const { parameters } = discriminator;
  return reading(["other", "otherEpsilon", "permutation"], factorLoss, parameters, optimizer);
}

/** Entry [i, j] is z[permutation[i, j], j]. */
function permuted(z: Expr, permutation: Expr): Expr {
  const [batch, features] = z.shape as [number, number];
  const column = (j: number) =>
    gather(slice(z, 1, j, j + 1), reshape(slice(permutation, 1, j, j + 1), [batch]), 0);
  return concat(
    Array.from({ length: features }, (_, j) => column(j)),
    1,
  );
}
