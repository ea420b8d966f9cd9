import { type Expr, sigmoid, slice } from "@gen/graph";
import type { Network } from "@gen/nn";

/**
 * What the decoder's output means: the logits of Bernoulli pixels (targets anywhere in [0, 1]), or
 * the mean of Gaussians with one fixed deviation `sigma`.
 */
export type Likelihood = "bernoulli" | { readonly sigma: number };

/** What {@link vae} is made of. */
export interface VaeOptions {
  /** x `[batch, ...]` to mean and log variance joined along axis 1: `[batch, 2 * latent, ...]`. */
  readonly encoder: Network;
  /** z `[batch, latent, ...]` to the likelihood's parameters, in the shape of x. */
  readonly decoder: Network;
  /** @defaultValue "bernoulli" */
  readonly likelihood?: Likelihood;
}

/** A variational autoencoder as functions over expressions (Kingma and Welling 2014). */
export interface Vae {
  readonly likelihood: Likelihood;
  /** Shape of one x, without the batch. */
  readonly shape: readonly number[];
  /** Shape of one z, without the batch: features, or channels first. */
  readonly latent: readonly number[];
  readonly parameters: Network["parameters"];
  /** The posterior q(z | x): x `[batch, ...shape]` to mean and log variance `[batch, ...latent]`. */
  encode(x: Expr): { readonly mean: Expr; readonly logVariance: Expr };
  /** z `[batch, ...latent]` to the likelihood's logits or mean, `[batch, ...shape]`. */
  decode(z: Expr): Expr;
  /** z to the mean of x: `decode` through a sigmoid where the likelihood is Bernoulli. */
  reconstruct(z: Expr): Expr;
}

/**
 * A VAE from an encoder and a decoder network.
 *
 * @throws RangeError when sigma is not positive; when the encoder's output is not twice the
 * decoder's input, or the decoder's output is not of the encoder's input's shape.
 */
export function vae({ encoder, decoder, likelihood = "bernoulli" }: VaeOptions): Vae {
  if (likelihood !== "bernoulli" && !(likelihood.sigma > 0 && likelihood.sigma < Infinity)) {
    throw new RangeError(`likelihood.sigma must be positive, got ${likelihood.sigma}`);
  }
  const shape = itemShape(encoder, "encoder");
  const latent = itemShape(decoder, "decoder");
  const split = (joined: Expr) => {
    const fits =
      joined.shape.length === latent.length + 1 &&
      latent.every((d, i) => joined.shape[i + 1] === (i === 0 ? 2 * d : d));
    if (!fits) {
      throw new RangeError(
        `the encoder must give [${joined.shape[0]}, ${[2 * latent[0], ...latent.slice(1)].join(", ")}], twice the decoder's latent, got [${joined.shape.join(", ")}]`,
      );
    }
    const [size] = latent;
    return { mean: slice(joined, 1, 0, size), logVariance: slice(joined, 1, size, 2 * size) };
  };
  const decode = (z: Expr) => {
    const output = decoder.apply(z);
    if (output.shape.slice(1).join() === shape.join()) return output;
    throw new RangeError(
      `the decoder must give [${[z.shape[0], ...shape].join(", ")}], the shape of x, got [${output.shape.join(", ")}]`,
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

function itemShape({ signature }: Network, what: string): number[] {
  const inputs = Object.values(signature);
  const [, ...item] = inputs[0]?.shape ?? [];
  if (inputs.length === 1 && item.length > 0 && item.every((d) => typeof d === "number")) {
    return item;
  }
  const found = Object.entries(signature).map(([name, s]) => `${name} [${s.shape.join(", ")}]`);
  throw new RangeError(`the ${what} must have one input [batch, ...], got ${found.join(", ")}`);
}
