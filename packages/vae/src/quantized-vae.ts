import {
  add,
  concat,
  constant,
  type Expr,
  elementCount,
  mean,
  mul,
  neg,
  type Parameter,
  square,
  stopGradient,
  sub,
  sum,
  zerosLike,
} from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, refused, rules } from "@gen/math/arguments";
import { type Network, network } from "@gen/nn";
import { perItem } from "./draws.ts";
import { LIKELIHOOD, type Likelihood } from "./likelihood.ts";
import { CODEBOOK, COUNTS, type Quantized, type Quantizer } from "./quantizers.ts";
import { type Vae, vae } from "./vae.ts";

/** An autoencoder whose latents are codes. It is a VAE whose posterior is one certain code. */
export interface QuantizedVae extends Vae {
  /** How many codes there are. */
  readonly codes: number;
  /**
   * x `[batch, ...shape]` to the encoder's vectors and their codes. `mean` is the codes, with a
   * variance of nearly 0.
   *
   * @param x The items.
   */
  encode(x: Expr): Quantized & {
    readonly encoded: Expr;
    readonly mean: Expr;
    readonly logVariance: Expr;
  };
  /** The codes `[codes, features]`, row-major, where they are not learned. */
  readonly table?: Float32Array;
}

/** Whether a VAE's latents are codes. */
export const isQuantized = (model: Vae): model is QuantizedVae => model.codes !== undefined;

/**
 * The vectors of codes, `[items, ...latent]` row-major, for `decode`.
 *
 * @param model The model, such as `quantizedVae` gives.
 * @param codes The numbers of the codes, `[items, ...latent without its first axis]` row-major.
 * @throws RangeError when there is no such code, or the codes do not fill whole latents.
 */
export function codeVectors(model: QuantizedVae, codes: ArrayLike<number>): Float32Array {
  checkArguments({ model, codes }, { model: QUANTIZED, codes: rules.NUMBERS });
  const [features, ...rest] = model.latent;
  const positions = elementCount(rest) as number;
  const book = model.parameters.find(({ name }) => name === CODEBOOK)?.value.data ?? model.table;
  return Float32Array.from({ length: codes.length * features }, (_, k) => {
    const item = Math.floor(k / (features * positions));
    const code = codes[item * positions + (k % positions)];
    if (Number.isInteger(code) && code >= 0 && code < model.codes)
      return Number(book?.[code * features + (Math.floor(k / positions) % features)]);
    throw refused("codes", `below ${model.codes}`, code);
  });
}

/** The parts of a {@link quantizedVae}. */
export interface QuantizedVaeOptions {
  /** x `[batch, ...]` to vectors `[batch, features, ...]`. */
  readonly encoder: Network;
  /** Codes `[batch, features, ...]` to the likelihood's parameters. */
  readonly decoder: Network;
  /** The codes, such as `vectorQuantizer` or `finiteScalarQuantizer` gives. */
  readonly quantizer: Quantizer;
  /** The meaning of the decoder's output. @defaultValue "bernoulli" */
  readonly likelihood?: Likelihood;
}

const QUANTIZER = rules.having("a quantizer, such as vectorQuantizer gives", {
  features: rules.COUNT,
  codes: rules.COUNT,
  parameters: rules.LIST,
  apply: rules.FUNCTION,
});

/**
 * A VQ-VAE (van den Oord et al. 2017), or an autoencoder with finite scalars (Mentzer et al. 2024).
 *
 * @param options The networks, the codes and the likelihood.
 * @throws RangeError when the decoder's first axis is not the quantizer's features.
 */
export function quantizedVae(options: QuantizedVaeOptions): QuantizedVae {
  checkOptions(options, {
    encoder: rules.NETWORK,
    decoder: rules.NETWORK,
    quantizer: QUANTIZER,
    likelihood: rules.optional(LIKELIHOOD),
  });
  const { encoder, decoder, quantizer, likelihood } = options;
  // A VAE whose deviations are 1e-13.
  const doubled = network(encoder.signature, (x) => {
    const z = encoder.apply(x);
    return concat([z, sub(zerosLike(z), 60)], 1);
  });
  const inner = vae({ encoder: doubled, decoder, likelihood });
  if (inner.latent[0] !== quantizer.features) {
    throw new ArgumentError(
      `the decoder must take the quantizer's ${quantizer.features} features, got ${inner.latent[0]}`,
    );
  }
  const { shape, latent, decode, reconstruct, logProb } = inner;
  return {
    likelihood: inner.likelihood,
    shape,
    latent,
    codes: quantizer.codes,
    parameters: [...inner.parameters, ...quantizer.parameters],
    encode(x) {
      const { mean: encoded, logVariance } = inner.encode(x);
      const found = quantizer.apply(encoded);
      return { ...found, encoded, mean: found.z, logVariance };
    },
    ...(quantizer.table && { table: quantizer.table }),
    decode,
    reconstruct,
    logProb,
  };
}

const QUANTIZED = rules.having("a quantized VAE, such as quantizedVae gives", {
  encode: rules.FUNCTION,
  decode: rules.FUNCTION,
  logProb: rules.FUNCTION,
  codes: rules.COUNT,
  latent: rules.SIZES,
  parameters: rules.LIST,
});

/**
 * The loss of a VQ-VAE (van den Oord et al. 2017, eq. 3), in nats but for the terms of the codes:
 *
 *   -log p(x | code) + |sg[z] - code|^2 + commitment |z - sg[code]|^2
 *
 * Squares are summed over a vector and averaged over positions and batch. The middle term is left
 * out where moving averages learn the codebook: pass `updates` to `train` then. A quantizer without
 * a codebook has the first term alone.
 *
 * `kl` is that of one certain code at each position from the uniform prior, `positions log codes`:
 * it is constant, and not in `loss`. Minus the ELBO is `reconstruction + kl`.
 *
 * @param model The model to train.
 * @param options The weight of the commitment.
 */
export function quantizedLoss(
  model: QuantizedVae,
  options: {
    /** The weight of the encoder's commitment to its codes. @defaultValue 0.25 */
    readonly commitment?: number;
  } = {},
) {
  checkArguments({ model }, { model: QUANTIZED });
  checkOptions(options, { commitment: rules.optional(rules.NOT_NEGATIVE) });
  const { commitment = 0.25 } = options;
  const positions = elementCount(model.latent.slice(1)) as number;
  const distance = (a: Expr, b: Expr) => mean(sum(square(sub(a, b)), [1]));
  const loss = ({
    x,
  }: {
    readonly x: Expr;
  }): Record<"loss" | "reconstruction" | "kl", Expr> &
    Partial<Record<"codebook" | "commitment", Expr>> => {
    const { z, encoded, entries, codebook: next } = model.encode(x);
    const reconstruction = neg(mean(perItem(model.logProb(x, model.decode(z)))));
    const kl = constant(positions * Math.log(model.codes), reconstruction.dtype);
    if (!entries && !next) return { loss: reconstruction, reconstruction, kl };
    const commit = distance(encoded, stopGradient(entries ?? z));
    const whole = add(reconstruction, mul(commit, commitment));
    if (!entries) return { loss: whole, reconstruction, kl, commitment: commit };
    const codebook = distance(stopGradient(encoded), entries);
    const loss = add(whole, codebook);
    return { loss, reconstruction, kl, codebook, commitment: commit };
  };
  /** The next codebook and counts, for the option `updates` of `train`. */
  const updates = ({ x }: { readonly x: Expr }): readonly (readonly [Parameter, Expr])[] => {
    const { codebook, counts } = model.encode(x);
    const next: Record<string, Expr | undefined> = { [CODEBOOK]: codebook, [COUNTS]: counts };
    return model.parameters.flatMap((p) => {
      const value = next[p.name];
      return value ? [[p, value] as const] : [];
    });
  };
  return Object.assign(loss, { updates });
}
