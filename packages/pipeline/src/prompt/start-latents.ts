/*
 * The latents that a run with an image starts from, and its noise:
 *
 *   image -> VAE's sample, noise, masked image -> VAE's sample, in the order of their draws
 */
import type { GenerateOptions } from "@gen/sampling";
import { imageEncoder } from "./encode-images.ts";
import type { FolderModel } from "./folder-model.ts";
import type { TextToImageOptions } from "./options.ts";
import { type Batch, type GivenImage, repeated, sizeOf } from "./picture-input.ts";
import { type Draw, startDraws } from "./start-draws.ts";

/** What is wanted of an image. */
interface Wanted {
  readonly given: GivenImage;
  readonly rows: number;
  /** Whether its latents are. */
  readonly takesImage: boolean;
  /** The masked image, whose sample is drawn. */
  readonly masked?: Batch;
  /** Whether the latents of the masked image are wanted too. */
  readonly takesMasked?: boolean;
}

/** Latents and noise of `rows` pictures. */
export interface StartLatents {
  /** `[rows, ...latent]`; empty where they are not wanted. */
  readonly latents: Float32Array;
  /** `[rows, ...latent]`. */
  readonly epsilon: Float32Array;
  /** `[n, ...latent]` of the masked images; undefined where they are not wanted. */
  readonly masked?: Batch;
  /** The noise of the run's batches, which start from `x` `[rows, ...latent]`. */
  noiseFrom(x: Float32Array): NonNullable<GenerateOptions["noise"]>;
}

export async function startLatents<T>(
  model: FolderModel<T>,
  call: TextToImageOptions,
  { given, rows, takesImage, masked, takesMasked = false }: Wanted,
): Promise<StartLatents> {
  const { image, isLatent, latent } = given;
  const size = sizeOf(latent);
  const needsEncoder = masked !== undefined || (takesImage && !isLatent);
  const encoder = needsEncoder ? await imageEncoder(model, image.shape) : undefined;
  try {
    const isDrawn = encoder?.isSample === false;
    const draw = (use: Draw["use"], count: number): Draw => ({ use, rows: count, size });
    const { normals, stepNoise } = startDraws(call, [
      ...(isDrawn && takesImage && !isLatent ? [draw("image", image.shape[0])] : []),
      draw("initial", rows),
      ...(isDrawn && masked ? [draw("masked", masked.shape[0])] : []),
    ]);
    const encoded = async (images: Batch, use: Draw["use"]): Promise<Batch> => ({
      data: (await encoder?.sample(images, normals[use] ?? [])) ?? images.data,
      shape: [images.shape[0], ...latent] as unknown as Batch["shape"],
    });
    const own = takesImage ? await encoded(image, "image") : undefined;
    return {
      latents: own ? repeated(own, rows).data : new Float32Array(),
      epsilon: normals.initial as Float32Array,
      ...(masked && takesMasked && { masked: await encoded(masked, "masked") }),
      noiseFrom: (x) => (batch, part) => {
        const first = part.firstIndex * size;
        return {
          x: x.subarray(first, first + sizeOf(batch)),
          noise: stepNoise(batch, part),
        };
      },
    };
  } finally {
    await encoder?.dispose();
  }
}
