import {
  add,
  cast,
  concat,
  constant,
  type Expr,
  equal,
  exp,
  log,
  maximum,
  mean,
  mul,
  neg,
  type Parameter,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
  tensor,
  zerosLike,
} from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
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
  /**
   * The numbers of codes `[batch, ...latent without its first axis]` int64 to the codes.
   *
   * @param codes The numbers of the codes.
   */
  lookup(codes: Expr): Expr;
}

/** Whether a VAE's latents are codes. */
export const isQuantized = (model: Vae): model is QuantizedVae =>
  model.codes !== undefined && "lookup" in model;

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
  lookup: rules.FUNCTION,
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
  // The mean of a VAE whose variances are not used.
  const doubled = network(encoder.signature, (x) => {
    const z = encoder.apply(x);
    return concat([z, zerosLike(z)], 1);
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
      const encoded = inner.encode(x).mean;
      const found = quantizer.apply(encoded);
      return { ...found, encoded, mean: found.z, logVariance: sub(zerosLike(found.z), CERTAIN) };
    },
    lookup: quantizer.lookup,
    decode,
    reconstruct,
    logProb,
  };
}

/** Minus the log variance of a certain code: a deviation of 1e-13. */
const CERTAIN = 60;

const QUANTIZED = rules.having("a quantized VAE, such as quantizedVae gives", {
  encode: rules.FUNCTION,
  decode: rules.FUNCTION,
  logProb: rules.FUNCTION,
  codes: rules.COUNT,
  latent: rules.SIZES,
  parameters: rules.LIST,
});

/** The exponential of the entropy of the shares of the codes, whose numbers are floats. */
function perplexityOf(codes: Expr, count: number): Expr {
  const numbers = tensor(Float32Array.from({ length: count }, (_, k) => k));
  const rows = reshape(stopGradient(codes), [-1, 1]);
  const shares = mean(cast(equal(rows, cast(constant(numbers), codes.dtype)), codes.dtype), [0]);
  return exp(neg(sum(mul(shares, log(maximum(shares, 1e-30))))));
}

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
 * it is constant, and not in `loss`. Minus the ELBO is `reconstruction + kl`. `perplexity` says how
 * many codes a batch uses: the exponential of the entropy of their shares, 1 to `codes`.
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
  const positions = model.latent.slice(1).reduce((a, b) => a * b, 1);
  const distance = (a: Expr, b: Expr) => mean(sum(square(sub(a, b)), [1]));
  const loss = ({
    x,
  }: {
    readonly x: Expr;
  }): Record<"loss" | "reconstruction" | "kl" | "perplexity", Expr> &
    Partial<Record<"codebook" | "commitment", Expr>> => {
    const { z, codes, encoded, entries, codebook: next } = model.encode(x);
    const perplexity = perplexityOf(codes, model.codes);
    const reconstruction = neg(mean(perItem(model.logProb(x, model.decode(z)))));
    const kl = constant(positions * Math.log(model.codes), reconstruction.dtype);
    if (!entries && !next) return { loss: reconstruction, reconstruction, kl, perplexity };
    const commit = distance(encoded, stopGradient(entries ?? z));
    const whole = add(reconstruction, mul(commit, commitment));
    if (!entries) return { loss: whole, reconstruction, kl, perplexity, commitment: commit };
    const codebook = distance(stopGradient(encoded), entries);
    const loss = add(whole, codebook);
    return { loss, reconstruction, kl, perplexity, codebook, commitment: commit };
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
