import type { Dataset } from "@gen/data";
import { type Expr, elementCount, shapeText, sigmoid, slice } from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, refused, rules } from "@gen/math/arguments";
import type { Network } from "@gen/nn";

/**
 * The meaning of the decoder's output: the logits of Bernoulli pixels (targets anywhere in [0, 1]),
 * or the mean of Gaussians with one fixed deviation `sigma`.
 */
export type Likelihood =
  | "bernoulli"
  | {
      /** The standard deviation of each value of x. */
      readonly sigma: number;
    };

/** The parts of a {@link vae}. */
export interface VaeOptions {
  /** x `[batch, ...]` to mean and log variance joined along axis 1: `[batch, 2 * latent, ...]`. */
  readonly encoder: Network;
  /** z `[batch, latent, ...]` to the likelihood's parameters, in the shape of x. */
  readonly decoder: Network;
  /** The meaning of the decoder's output. @defaultValue "bernoulli" */
  readonly likelihood?: Likelihood;
}

/** A variational autoencoder as functions over expressions (Kingma and Welling 2014). */
export interface Vae {
  /** The meaning of the decoder's output. */
  readonly likelihood: Likelihood;
  /** Shape of one x, without the batch. */
  readonly shape: readonly number[];
  /** Shape of one z, without the batch: features, or channels first. */
  readonly latent: readonly number[];
  /** The weights of both networks. */
  readonly parameters: Network["parameters"];
  /** The posterior q(z | x): x `[batch, ...shape]` to its parameters `[batch, ...latent]`. */
  encode(x: Expr): { readonly mean: Expr; readonly logVariance: Expr };
  /** z `[batch, ...latent]` to the likelihood's logits or mean, `[batch, ...shape]`. */
  decode(z: Expr): Expr;
  /** z to the mean of x: `decode` through a sigmoid where the likelihood is Bernoulli. */
  reconstruct(z: Expr): Expr;
}

/**
 * A VAE from an encoder and a decoder network.
 *
 * @throws RangeError when sigma is not positive; on use, when the encoder's output is not twice the
 * decoder's input, or the shape of the decoder's output is not that of the encoder's input.
 */
export function vae(options: VaeOptions): Vae {
  checkOptions(options, {
    encoder: rules.NETWORK,
    decoder: rules.NETWORK,
    likelihood: rules.optional(LIKELIHOOD),
  });
  const { encoder, decoder, likelihood = "bernoulli" } = options;
  if (likelihood !== "bernoulli" && !(likelihood.sigma > 0 && likelihood.sigma < Infinity)) {
    throw refused("likelihood.sigma", "positive", likelihood.sigma);
  }
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
  const decode = (z: Expr) => {
    const output = decoder.apply(z);
    const wanted = shapeText([z.shape[0], ...shape]);
    if (shapeText(output.shape) === wanted) return output;
    throw new ArgumentError(
      `the decoder must give ${wanted}, the shape of x, got ${shapeText(output.shape)}`,
    );
  };
  return {
    likelihood,
    shape,
    latent,
    parameters: [...encoder.parameters, ...decoder.parameters],
    encode: (x) => split(encoder.apply(x)),
    decode,
    reconstruct: (z) => (likelihood === "bernoulli" ? sigmoid(decode(z)) : decode(z)),
  };
}

/** What a likelihood may be. */
export const LIKELIHOOD = rules.either(
  rules.oneOf("bernoulli"),
  rules.having("{ sigma }", { sigma: rules.ANY_NUMBER }),
);

/** A VAE's model. */
export const MODEL = rules.having("a VAE, such as convVae gives", {
  encode: rules.FUNCTION,
  decode: rules.FUNCTION,
  reconstruct: rules.FUNCTION,
  likelihood: LIKELIHOOD,
  shape: rules.SIZES,
  latent: rules.SIZES,
  parameters: rules.LIST,
});

function itemShape({ signature }: Network, part: string): number[] {
  const inputs = Object.values(signature);
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
  if (labels && labels.length !== length) {
    throw new ArgumentError(`${name}: ${length} items need as many labels, got ${labels.length}`);
  }
  if (size !== elementCount(model.shape)) {
    throw new ArgumentError(
      `${dataset.name} has items ${shapeText(dataset.shape)}, the model takes ${shapeText(model.shape)}`,
    );
  }
  if (model.likelihood !== "bernoulli" || dataset.range) return;
  const outside = dataset.data.find((v) => !(v >= 0 && v <= 1));
  if (outside === undefined) return;
  throw new ArgumentError(
    `a Bernoulli likelihood takes data in [0, 1], ${dataset.name} holds ${outside}; give it a range or use { sigma }`,
  );
}
