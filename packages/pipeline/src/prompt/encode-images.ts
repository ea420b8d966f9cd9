/*
 * Images as latents of the denoiser, one image at a time:
 *
 *   z = (mean + deviation epsilon - shift) * scaling        a sample of the VAE
 *   z = mean                                                 its mode, as image editors take it
 */
import { exp, mul, trace } from "@gen/graph";
import { type Half, vaeHalf } from "../vae/vae-half.ts";
import type { FolderModel } from "./folder-model.ts";
import type { FolderVaes } from "./folder-vaes.ts";
import type { Run } from "./make-pictures.ts";
import type { TextToImageOptions } from "./options.ts";
import type { Batch } from "./picture-input.ts";

/** A VAE's encoder for images of one size. */
export interface ImageEncoder {
  /** Whether the encoder draws nothing, as its output has no variance. */
  readonly isSample: boolean;
  /** Latents `[n, ...latent]`, with the normals of their samples. */
  sample(images: Batch, epsilon: ArrayLike<number>): Promise<Float32Array>;
  /** Modes `[n, ...latent]` as the VAE has them, or scaled as the denoiser's. */
  mode(images: Batch, isScaled: boolean): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** What an encoder is opened for. */
interface EncoderUse extends Pick<Run, "tile" | "note"> {
  /** `[n, 3, height, width]` of the images. */
  readonly shape: readonly number[];
}

/** Opens the encoder of a folder for images `[n, 3, height, width]`. */
export async function imageEncoder<T>(
  model: FolderModel<T>,
  call: TextToImageOptions,
  { shape: [, ...item], tile, note }: EncoderUse,
): Promise<ImageEncoder> {
  const { backend, vaes } = model;
  const { scaling, upcast } = vaes;
  let isSample = false;
  const halfOf = (encode: Awaited<ReturnType<FolderVaes["encoder"]>>): Half => {
    return (image) => {
      const moments = encode(image);
      isSample = moments.isSample;
      const { mean, logVariance } = moments;
      return { mean, deviation: exp(mul(logVariance, 0.5)), unscaled: scaling.undo(mean) };
    };
  };
  const encode = halfOf(await vaes.encoder());
  trace(({ image }) => encode(image), { image: { shape: [1, ...item] } });
  const asGraph = async () => halfOf(await vaes.encoderAsGraph());
  const half = vaeHalf({ backend, half: encode, asGraph, upcast, tile }, "down");
  const how = { note, signal: call.signal };
  return {
    isSample,
    async sample({ data, shape }, epsilon) {
      const { mean, deviation } = await half.run(data, shape, how);
      if (isSample) return mean.data;
      return mean.data.map((value, i) => value + deviation.data[i] * epsilon[i]);
    },
    async mode({ data, shape }, isScaled) {
      const { mean, unscaled } = await half.run(data, shape, how);
      return isScaled ? mean.data : unscaled.data;
    },
    dispose: () => half.dispose(),
  };
}
