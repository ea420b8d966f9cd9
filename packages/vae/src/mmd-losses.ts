/*
 * Losses that hold the posterior of all data, q(z), near the prior by a kernel. With n draws z of
 * q(z) and n draws z' of the prior, the squared maximum mean discrepancy is estimated without bias:
 *
 *   MMD = (sum_{i != j} k(z_i, z_j) + sum_{i != j} k(z'_i, z'_j)) / (n (n - 1)) - 2 mean_ij k(z_i, z'_j)
 *
 * (Gretton et al. 2012, eq. 3; Tolstikhin et al. 2018, algorithm 2.)
 */
import {
  add,
  constant,
  div,
  type Expr,
  exp,
  mean,
  mul,
  reshape,
  square,
  sub,
  sum,
} from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { drawsOf, perItem, type VaeInputs } from "./draws.ts";
import { reading } from "./objective.ts";
import { MODEL, type Vae } from "./vae.ts";
import { termsOf } from "./vae-loss.ts";

/** The inputs of a loss that compares draws of z with draws of the prior. */
export interface MmdInputs extends VaeInputs {
  /** Standard normal noise `[batch, ...latent]`: draws of the prior. */
  readonly prior: Expr;
}

/**
 * A kernel over expressions, elementwise, by the square of the distance of two points.
 *
 * @param squaredDistance The squared distances, any shape.
 */
export type Kernel = (squaredDistance: Expr) => Expr;

const KERNEL = rules.optional(rules.FUNCTION);

/** Settings of {@link infoVaeLoss}. */
export interface InfoVaeOptions {
  /** Weight of the information between x and z; 1 drops the KL term. @defaultValue 0 */
  readonly alpha?: number;
  /** Weight of the discrepancy of q(z) and the prior. @defaultValue 1 */
  readonly lambda?: number;
  /** The kernel. @defaultValue `exp(-d^2 / (2 D))` for z of D numbers */
  readonly kernel?: Kernel;
}

/**
 * The loss of InfoVAE (Zhao et al. 2019, section 3), in nats for each item but for the discrepancy:
 * `reconstruction + (1 - alpha) kl + (alpha + lambda - 1) mmd`.
 *
 * Returns a function of x `[batch, ...shape]`, epsilon `[batch, ...latent]` and prior
 * `[batch, ...latent]`; the batch is at least 2. With alpha 1 it is an MMD-VAE. Minus the ELBO is
 * `reconstruction + kl` in any case.
 *
 * @param model The VAE to train, with the prior N(0, I).
 * @param options The two weights and the kernel.
 */
export function infoVaeLoss(model: Vae, options: InfoVaeOptions = {}) {
  checkArguments({ model }, { model: MODEL });
  checkOptions(options, {
    alpha: rules.optional(rules.FINITE),
    lambda: rules.optional(rules.FINITE),
    kernel: KERNEL,
  });
  const { alpha = 0, lambda = 1, kernel = gaussianKernel(sizeOf(model)) } = options;
  requireNormalPrior(model);
  return reading(["prior"], (inputs: MmdInputs) => {
    const draws = drawsOf(model, inputs);
    const terms = termsOf(model, draws);
    const [reconstruction, kl] = [mean(terms.reconstruction), mean(terms.kl)];
    const mmd = discrepancy(draws.z, inputs.prior, kernel);
    const loss = add(reconstruction, add(mul(kl, 1 - alpha), mul(mmd, alpha + lambda - 1)));
    return { loss, reconstruction, kl, mmd };
  });
}

/** Settings of {@link waeLoss}. */
export interface WaeOptions {
  /** Weight of the discrepancy. @defaultValue 10 */
  readonly lambda?: number;
  /** The kernel. @defaultValue `C / (C + d^2)`, `C = 2 D` for z of D numbers */
  readonly kernel?: Kernel;
  /** Decodes draws of the posterior instead of its mean. @defaultValue false */
  readonly random?: boolean;
}

/**
 * The loss of a Wasserstein autoencoder (Tolstikhin et al. 2018, eq. 4 and algorithm 2):
 * `cost + lambda mmd`. It is no bound, and `cost`, the squared error `|x - decoded|^2` of each item,
 * is not in nats.
 *
 * Returns a function of x `[batch, ...shape]`, epsilon `[batch, ...latent]` and prior
 * `[batch, ...latent]`; the batch is at least 2.
 *
 * @param model The autoencoder to train, with the prior N(0, I).
 * @param options The weight, the kernel, and what is decoded.
 */
export function waeLoss(model: Vae, options: WaeOptions = {}) {
  checkArguments({ model }, { model: MODEL });
  checkOptions(options, {
    lambda: rules.optional(rules.NOT_NEGATIVE),
    kernel: KERNEL,
    random: rules.optional(rules.FLAG),
  });
  const { lambda = 10, kernel = inverseKernel(sizeOf(model)), random = false } = options;
  requireNormalPrior(model);
  return reading(["prior"], (inputs: MmdInputs) => {
    const { x, condition } = inputs;
    const z = random ? drawsOf(model, inputs).z : model.encode(x, condition).mean;
    const gap = sub(x, model.reconstruct(z, condition));
    const cost = mean(perItem(square(gap)));
    const mmd = discrepancy(z, inputs.prior, kernel);
    return { loss: add(cost, mul(mmd, lambda)), cost, mmd };
  });
}

const sizeOf = ({ latent }: Vae) => latent.reduce((a, b) => a * b, 1);

const gaussianKernel =
  (size: number): Kernel =>
  (d) =>
    exp(mul(d, -0.5 / size));

const inverseKernel =
  (size: number): Kernel =>
  (d) =>
    div(constant(2 * size, d.dtype), add(d, 2 * size));

/** The squared discrepancy of two sets of points `[n, ...]`, unbiased. */
function discrepancy(a: Expr, b: Expr, kernel: Kernel): Expr {
  const [n] = a.shape;
  if (typeof n !== "number" || n < 2 || b.shape[0] !== n) {
    throw new ArgumentError(
      `z and prior must have the same batch of at least 2, got ${n} and ${b.shape[0]}`,
    );
  }
  const [p, q] = [a, b].map((e) => reshape(e, [n, -1]));
  const within = (e: Expr) => {
    // A point's distance from itself is 0.
    const self = kernel(constant(0, e.dtype));
    return mul(sub(sum(kernel(squaredDistances(e, e))), mul(self, n)), 1 / (n * (n - 1)));
  };
  const between = mean(kernel(squaredDistances(p, q)));
  return sub(add(within(p), within(q)), mul(between, 2));
}

/** `|p_i - q_j|^2` `[n, m]` of points `[n, d]` and `[m, d]`. */
function squaredDistances(p: Expr, q: Expr): Expr {
  const [n, d] = p.shape;
  const gap = sub(reshape(p, [n, 1, d]), reshape(q, [1, q.shape[0], d]));
  return sum(square(gap), [2]);
}

function requireNormalPrior(model: Vae): void {
  if (!model.priorLogProb) return;
  throw new ArgumentError("this loss needs the prior N(0, I), and the model learns its prior");
}
