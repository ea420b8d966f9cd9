import type { Dataset } from "@gen/data";
import {
  add,
  cast,
  type Expr,
  elementCount,
  exprArithmetic,
  logSumExp,
  type Parameter,
  reshape,
  shapeText,
  slice,
  sum,
  tensor,
} from "@gen/graph";
import { normalLogProb } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { type Initializer, initializedParameter, type Network, uniform, zeros } from "@gen/nn";
import {
  checkLikelihood,
  LIKELIHOOD,
  type Likelihood,
  logProbOf,
  meanOf,
  needsUnitData,
  outputsOf,
} from "./likelihood.ts";

/** The parts of a {@link vae}. */
export interface VaeOptions {
  /** x `[batch, ...]` to mean and log variance joined along axis 1: `[batch, 2 * latent, ...]`. */
  readonly encoder: Network;
  /** z `[batch, latent, ...]` to the likelihood's parameters, joined along axis 1 of x's shape. */
  readonly decoder: Network;
  /** The meaning of the decoder's output. @defaultValue "bernoulli" */
  readonly likelihood?: Likelihood;
  /**
   * Learns the prior as a mixture of the posteriors of so many learned inputs (VampPrior, Tomczak
   * and Welling 2018).
   * @defaultValue none: the prior is N(0, I)
   */
  readonly pseudoInputs?: number;
  /** Start of the names of the likelihood's and the prior's weights. @defaultValue "" */
  readonly name?: string;
  /** Seed of the first pseudo-inputs, which are uniform in [0, 1). @defaultValue 0 */
  readonly seed?: number;
}

/** A variational autoencoder as functions over expressions (Kingma and Welling 2014). */
export interface Vae {
  /** The meaning of the decoder's output. */
  readonly likelihood: Likelihood;
  /** Shape of one x, without the batch. */
  readonly shape: readonly number[];
  /** Shape of one z, without the batch: features, or channels first. */
  readonly latent: readonly number[];
  /** The number of classes of a conditional VAE, whose functions take a condition. */
  readonly classes?: number;
  /** How many codes there are, where a latent is a code; the prior is uniform over them. */
  readonly codes?: number;
  /** The weights of both networks, of the likelihood and of the prior. */
  readonly parameters: Network["parameters"];
  /** The posterior q(z | x): x `[batch, ...shape]` to its parameters `[batch, ...latent]`. */
  encode(x: Expr, condition?: Expr): { readonly mean: Expr; readonly logVariance: Expr };
  /** z `[batch, ...latent]` to the likelihood's parameters, joined along axis 1 of x's shape. */
  decode(z: Expr, condition?: Expr): Expr;
  /** z to the mean of x, `[batch, ...shape]`. */
  reconstruct(z: Expr, condition?: Expr): Expr;
  /** `log p(x | z)` of each value of x, from `decode`'s result, `[batch, ...shape]`, in nats. */
  logProb(x: Expr, decoded: Expr): Expr;
  /** `log p(z)` `[batch]` in nats, where the prior is learned. */
  priorLogProb?(z: Expr): Expr;
}

/**
 * A VAE from an encoder and a decoder network. Networks with a second argument `condition` make a
 * conditional VAE: q(z | x, c) and p(x | z, c) (Sohn et al. 2015, with the prior N(0, I)).
 *
 * @throws RangeError when sigma is not positive; on use, when the encoder's output is not twice the
 * decoder's input, or the shape of the decoder's output is not that of the encoder's input.
 */
export function vae(options: VaeOptions): Vae {
  checkOptions(options, {
    encoder: rules.NETWORK,
    decoder: rules.NETWORK,
    likelihood: rules.optional(LIKELIHOOD),
    pseudoInputs: rules.optional(rules.COUNT),
    name: rules.optional(rules.TEXT),
    seed: rules.optional(rules.SEED),
  });
  const { encoder, decoder, likelihood = "bernoulli", pseudoInputs } = options;
  const { name: prefix = "", seed = 0 } = options;
  checkLikelihood(likelihood);
  const shape = itemShape(encoder, "encoder");
  const latent = itemShape(decoder, "decoder");
  const split = (joined: Expr) => {
    const [size, ...rest] = latent;
    const wanted = shapeText([joined.shape[0], 2 * size, ...rest]);
    if (shapeText(joined.shape) !== wanted) {
      throw new ArgumentError(
        `the encoder must give ${wanted}, twice the decoder's latent, got ${shapeText(joined.shape)}`,
      );
    }
    return { mean: slice(joined, 1, 0, size), logVariance: slice(joined, 1, size, 2 * size) };
  };
  const encode = (x: Expr, condition?: Expr) => split(applied(encoder, x, condition));
  const decode = (z: Expr, condition?: Expr) => {
    const output = applied(decoder, z, condition);
    const [size, ...rest] = shape;
    const wanted = shapeText([z.shape[0], outputsOf(likelihood) * size, ...rest]);
    if (shapeText(output.shape) === wanted) return output;
    throw new ArgumentError(
      `the decoder must give ${wanted}, the shape of x${outputsOf(likelihood) > 1 ? ` with ${outputsOf(likelihood)} numbers for each value` : ""}, got ${shapeText(output.shape)}`,
    );
  };
  const own: Parameter[] = [];
  const ownParameter = (name: string, shape: readonly number[], first: Initializer) => {
    own.push(initializedParameter(`${prefix}${name}`, shape, first, seed));
    // The networks may be of float64.
    return cast(own[own.length - 1], Object.values(encoder.signature)[0].dtype ?? "float32");
  };
  const isGlobal =
    typeof likelihood === "object" && "sigma" in likelihood && likelihood.sigma === "global";
  const logVariance = isGlobal ? ownParameter("likelihood.logVariance", [1], zeros) : undefined;
  const classes = encoder.classes ?? decoder.classes;
  if (pseudoInputs !== undefined && classes !== undefined) {
    throw new ArgumentError("pseudoInputs and networks with a condition do not go together");
  }
  const inputs = pseudoInputs && ownParameter(PSEUDO_INPUTS, [pseudoInputs, ...shape], unit);
  return {
    likelihood,
    shape,
    latent,
    ...(classes !== undefined && { classes }),
    parameters: [...encoder.parameters, ...decoder.parameters, ...own],
    encode,
    decode,
    reconstruct: (z, condition) => meanOf(likelihood, decode(z, condition)),
    logProb: (x, decoded) => logProbOf(likelihood, x, decoded, logVariance),
    ...(inputs && { priorLogProb: (z: Expr) => mixtureLogProb(z, encode(inputs)) }),
  };
}

const PSEUDO_INPUTS = "prior.pseudoInputs";

/** The inputs of a learned prior. */
export const pseudoInputsOf = ({ parameters }: Vae): Parameter | undefined =>
  parameters.find(({ name }) => name.endsWith(PSEUDO_INPUTS));

const unit: Initializer = (shape, key) => {
  const { data } = uniform(0.5)(shape, key);
  return tensor(
    Float32Array.from(data as Float32Array, (v) => v + 0.5),
    shape,
  );
};

/** `log (1 / K) sum_k N(z; mean_k, exp(logVariance_k))` of each z, `[batch]`. */
function mixtureLogProb(z: Expr, components: ReturnType<Vae["encode"]>): Expr {
  const [batch, ...latent] = z.shape;
  const { mean, logVariance } = components;
  const [count] = mean.shape;
  const rows = (e: Expr) => reshape(e, [1, ...e.shape]);
  const each = normalLogProb(
    exprArithmetic,
    reshape(z, [batch, 1, ...latent]),
    rows(mean),
    rows(logVariance),
  );
  const joint = sum(each, each.shape.map((_, i) => i).slice(2));
  return add(logSumExp(joint, 1), -Math.log(count as number));
}

/** A network's result, with the condition where it takes one. */
function applied(network: Network, x: Expr, condition?: Expr): Expr {
  if (!("condition" in network.signature)) return network.apply(x);
  if (condition) return network.apply(x, condition);
  throw new ArgumentError("a conditional VAE needs a condition, got none");
}

/** A VAE's model. */
export const MODEL = rules.having("a VAE, such as convVae gives", {
  encode: rules.FUNCTION,
  decode: rules.FUNCTION,
  reconstruct: rules.FUNCTION,
  logProb: rules.FUNCTION,
  likelihood: LIKELIHOOD,
  shape: rules.SIZES,
  latent: rules.SIZES,
  parameters: rules.LIST,
});

function itemShape({ signature }: Network, part: string): number[] {
  const { condition: _, ...rest } = signature;
  const inputs = Object.values(rest);
  const [, ...item] = inputs[0]?.shape ?? [];
  if (inputs.length === 1 && item.length > 0 && item.every((d) => typeof d === "number")) {
    return item;
  }
  const found = Object.entries(signature).map(([name, s]) => `${name} ${shapeText(s.shape)}`);
  throw new ArgumentError(`the ${part} must have one input [batch, ...], got ${found.join(", ")}`);
}

/** @throws RangeError when a model cannot take a dataset's items. */
export function checkDataset(model: Vae, dataset: Dataset): void {
  checkArguments({ model, dataset }, { model: MODEL, dataset: rules.DATASET });
  const { name, data, length, shape, labels } = dataset;
  const size = elementCount(shape) as number;
  if (data.length !== length * size) {
    throw new ArgumentError(
      `${name}: length and shape must fit the data, got ${length} items ${shapeText(shape)} and ${data.length} numbers`,
    );
  }
  if (model.classes !== undefined && !labels) {
    throw new ArgumentError(`${name} has no labels, and a conditional VAE needs one for each item`);
  }
  if (labels && labels.length !== length) {
    throw new ArgumentError(`${name}: ${length} items need as many labels, got ${labels.length}`);
  }
  if (size !== elementCount(model.shape)) {
    throw new ArgumentError(
      `${dataset.name} has items ${shapeText(dataset.shape)}, the model takes ${shapeText(model.shape)}`,
    );
  }
  if (!needsUnitData(model.likelihood) || dataset.range) return;
  const outside = dataset.data.find((v) => !(v >= 0 && v <= 1));
  if (outside === undefined) return;
  throw new ArgumentError(
    `${likelihoodName(model.likelihood)} takes data in [0, 1], ${dataset.name} holds ${outside}; give it a range or use { sigma }`,
  );
}

const likelihoodName = (likelihood: Likelihood) =>
  likelihood === "bernoulli" ? "a Bernoulli likelihood" : "this likelihood";
