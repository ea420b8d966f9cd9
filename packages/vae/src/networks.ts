import { reshape, type Signature } from "@gen/graph";
import { checkOptions, rules } from "@gen/math/arguments";
import { type Activation, convDecoder, convEncoder, mlp, network } from "@gen/nn";
import { LIKELIHOOD, type Likelihood, outputsOf } from "./likelihood.ts";
import { type Vae, vae } from "./vae.ts";

/** Settings of {@link mlpVae} and {@link convVae}. */
export interface VaeNetworkOptions {
  /** The likelihood of x. @defaultValue "bernoulli" */
  readonly likelihood?: Likelihood;
  /** The function between the layers. @defaultValue relu in `mlpVae`, silu in `convVae` */
  readonly activation?: Activation;
  /** The inputs of a learned prior; see `vae`. @defaultValue none: the prior is N(0, I) */
  readonly pseudoInputs?: number;
  /** Makes a conditional VAE on labels in [0, classes]; `classes` means no class. @defaultValue none */
  readonly classes?: number;
  /** Start of all names of weights. @defaultValue "" */
  readonly name?: string;
  /** Seed of the first weights. @defaultValue 0 */
  readonly seed?: number;
}

const vaeRules = {
  name: rules.optional(rules.TEXT),
  likelihood: rules.optional(LIKELIHOOD),
  activation: rules.optional(rules.either(rules.TEXT, rules.FUNCTION)),
  seed: rules.optional(rules.SEED),
  pseudoInputs: rules.optional(rules.COUNT),
  classes: rules.optional(rules.COUNT),
  latent: rules.optional(rules.COUNT),
};

/** Settings of {@link mlpVae}. */
export interface MlpVaeOptions extends VaeNetworkOptions {
  /** Shape of one x, such as [784] or [1, 28, 28]. */
  readonly shape: readonly number[];
  /** Widths of the encoder's hidden layers. The decoder has them in reverse. @defaultValue [400] */
  readonly hidden?: readonly number[];
  /** Features of z. @defaultValue 20 */
  readonly latent?: number;
}

/** A VAE with linear layers on both sides, such as 784-400-20-400-784 (Kingma and Welling 2014). */
export function mlpVae(options: MlpVaeOptions): Vae {
  checkOptions(options, {
    ...vaeRules,
    shape: rules.SIZES,
    hidden: rules.optional(rules.listOf(rules.COUNT)),
  });
  const { shape, hidden = [400], latent = 20, activation = "relu", seed = 0 } = options;
  const { likelihood = "bernoulli", classes, pseudoInputs, name = "" } = options;
  const [first, ...others] = shape;
  const size = shape.reduce((a, b) => a * b, 1);
  const count = outputsOf(likelihood);
  const rest = { activation, seed, classes };
  const inner = mlp({
    name: `${name}encoder.`,
    inputs: size,
    hidden,
    outputs: 2 * latent,
    ...rest,
  });
  const back = [...hidden].reverse();
  const outer = mlp({
    name: `${name}decoder.`,
    inputs: latent,
    hidden: back,
    outputs: count * size,
    ...rest,
  });
  const label: Record<string, Signature> =
    classes === undefined ? {} : { condition: { shape: ["batch"], dtype: "int64" } };
  const encoder = network(
    { x: { shape: ["batch", ...shape] }, ...label },
    (x, ...c) => inner.apply(reshape(x, [x.shape[0], size]), ...c),
    classes,
  );
  const decoder = network(
    { z: { shape: ["batch", latent] }, ...label },
    (z, ...c) => reshape(outer.apply(z, ...c), [z.shape[0], count * first, ...others]),
    classes,
  );
  return vae({ encoder, decoder, likelihood, pseudoInputs, name, seed });
}

/** Settings of {@link convVae}. */
export interface ConvVaeOptions extends VaeNetworkOptions {
  /** Side, or height and width; divisible by 2 once for each entry of `channels`. */
  readonly size: number | readonly [height: number, width: number];
  /** Channels of the images. @defaultValue 1 */
  readonly imageChannels?: number;
  /** Channels after each halving. @defaultValue [32, 64] */
  readonly channels?: readonly number[];
  /** Features of z, or its channels where `map`. @defaultValue 20, or 4 with `map` */
  readonly latent?: number;
  /** What refines x at each halved size, on both sides, as in `convEncoder`. @defaultValue nothing */
  readonly refine?: Parameters<typeof convEncoder>[0]["refine"];
  /** Keeps positions: z is `[latent, size / 2^n, size / 2^n]` instead of `[latent]`. */
  readonly map?: boolean;
}

/** A VAE with convolutions on both sides, on images `[imageChannels, size, size]`. */
export function convVae(options: ConvVaeOptions): Vae {
  checkOptions(options, {
    ...vaeRules,
    size: rules.either(rules.COUNT, rules.SIZES),
    imageChannels: rules.optional(rules.COUNT),
    channels: rules.optional(rules.SIZES),
    map: rules.optional(rules.FLAG),
    refine: rules.optional(rules.FUNCTION),
  });
  const { size, imageChannels = 1, channels = [32, 64], map, activation, seed } = options;
  const { latent = map ? 4 : 20, likelihood = "bernoulli", pseudoInputs, name = "" } = options;
  const { refine, classes } = options;
  const back = [...channels].reverse();
  const outChannels = outputsOf(likelihood) * imageChannels;
  const rest = { size, map, activation, refine, seed, classes };
  const inner = { inChannels: imageChannels, channels, outputs: 2 * latent };
  const outer = { inputs: latent, channels: back, outChannels };
  return vae({
    encoder: convEncoder({ ...inner, ...rest, name: `${name}encoder.` }),
    decoder: convDecoder({ ...outer, ...rest, name: `${name}decoder.` }),
    likelihood,
    pseudoInputs,
    name,
    seed,
  });
}
