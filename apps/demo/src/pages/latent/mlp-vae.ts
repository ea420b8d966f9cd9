/*
 * The room's VAE as plain functions of numbers. One picture takes 20,000 products, so the page
 * decodes while a finger moves and needs no backend. Training runs the same network on one; a test
 * compares both.
 */
import {
  bernoulliLogProb,
  klStandardNormal,
  normalNoise,
  numberArithmetic as numbers,
  reparameterize,
} from "@gen/math";
import type { StoredTensor } from "@gen/nn";

/** Weights by their names: those of `mlpVae`, as a file or a training has them. */
export type PlainWeights = Readonly<Record<string, StoredTensor>>;

/** The two terms of the negative ELBO, in nats. */
export interface Terms {
  readonly reconstruction: number;
  readonly kl: number;
}

export interface PlainVae {
  /** The posterior of one picture: two means and two log variances. */
  encode(x: ArrayLike<number>): { mean: Float64Array; logVariance: Float64Array };
  /** The logits of the pixels. */
  decode(z: ArrayLike<number>): Float64Array;
}

/** Features of z. */
export const latent = 2;

/** Weights `[outputs, inputs]` and silu between the layers: `mlp` of @gen/nn. */
function mlp(weights: PlainWeights, name: string): (x: ArrayLike<number>) => Float64Array {
  const layers: { weight: ArrayLike<number>; bias: ArrayLike<number> }[] = [];
  for (let i = 0; `${name}.layers.${i}.weight` in weights; i++) {
    const [weight, bias] = ["weight", "bias"].map(
      (part) => weights[`${name}.layers.${i}.${part}`].data as ArrayLike<number>,
    );
    layers.push({ weight, bias });
  }
  return (x) =>
    layers.reduce<Float64Array>((h, { weight, bias }, depth) => {
      const next = new Float64Array(bias.length);
      for (let i = 0; i < next.length; i++) {
        let sum = bias[i];
        for (let j = 0, at = i * h.length; j < h.length; j++, at++) sum += weight[at] * h[j];
        next[i] = depth === layers.length - 1 ? sum : sum * numbers.sigmoid(sum);
      }
      return next;
    }, Float64Array.from(x));
}

export function plainVae(weights: PlainWeights): PlainVae {
  const encoder = mlp(weights, "encoder");
  return {
    encode(x) {
      const joined = encoder(x);
      return { mean: joined.slice(0, latent), logVariance: joined.slice(latent) };
    },
    decode: mlp(weights, "decoder"),
  };
}

/** Pixels in [0, 1] of logits. */
export const pixelsOf = (logits: ArrayLike<number>): Float32Array =>
  Float32Array.from(logits, numbers.sigmoid);

/** `-log p(x | z)` in nats, from the logits of z's picture. */
export function reconstructionOf(logits: ArrayLike<number>, x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum -= bernoulliLogProb(numbers, logits[i], x[i]);
  return sum;
}

/** A draw of `q(z | x)`. */
export const drawOf = (
  { mean, logVariance }: ReturnType<PlainVae["encode"]>,
  epsilon: ArrayLike<number>,
): Float64Array => mean.map((m, i) => reparameterize(numbers, m, logVariance[i], epsilon[i]));

/**
 * The terms of one picture, averaged over draws of z. Picture `index` has the noise that `elbo` of
 * @gen/vae gives it for seed 0.
 */
export function termsOf(
  { encode, decode }: PlainVae,
  x: ArrayLike<number>,
  { index = 0, samples = 1 }: { index?: number; samples?: number } = {},
): Terms & ReturnType<PlainVae["encode"]> {
  const posterior = encode(x);
  const { mean, logVariance } = posterior;
  let reconstruction = 0;
  for (let step = 0; step < samples; step++) {
    const noise = { seed: 0, purpose: "elbo noise", size: latent, indices: [index], step };
    const z = drawOf(posterior, normalNoise(noise));
    reconstruction += reconstructionOf(decode(z), x) / samples;
  }
  const kl = mean.reduce((sum, m, i) => sum + klStandardNormal(numbers, m, logVariance[i]), 0);
  return { ...posterior, reconstruction, kl };
}

/** Where the encoder puts each picture, and what each costs. */
export interface Measured {
  /** `[n, 2]`. */
  readonly mean: Float32Array;
  readonly reconstruction: Float32Array;
  readonly kl: Float32Array;
}

/** Measures pictures `[n, size]`, each with one draw of z. */
export function measure(model: PlainVae, pixels: Float32Array, size: number): Measured {
  const n = pixels.length / size;
  const measured = {
    mean: new Float32Array(n * latent),
    reconstruction: new Float32Array(n),
    kl: new Float32Array(n),
  };
  for (let index = 0; index < n; index++) {
    const x = pixels.subarray(index * size, (index + 1) * size);
    const { mean, reconstruction, kl } = termsOf(model, x, { index });
    measured.mean.set(mean, index * latent);
    measured.reconstruction[index] = reconstruction;
    measured.kl[index] = kl;
  }
  return measured;
}

/** The means of both terms over all pictures. */
export function meanTerms({ reconstruction, kl }: Measured): Terms {
  const mean = (values: Float32Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
  return { reconstruction: mean(reconstruction), kl: mean(kl) };
}
