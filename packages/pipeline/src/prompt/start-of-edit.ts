/*
 * An edit of an image by a network that takes its latents beside x, as
 * StableDiffusionInstructPix2PixPipeline of diffusers 0.39 and its XL do:
 *
 *   the latents are the VAE's mode, unscaled but for CosXL; x starts from noise
 *   guided: u + guidance (c - i) + imageGuidance (i - u), i without text, u without the image too
 */
import { ArgumentError } from "@gen/math/arguments";
import { imageEncoder } from "./encode-images.ts";
import type { FolderModel } from "./folder-model.ts";
import type { Run, Start } from "./make-pictures.ts";
import type { ImageToImageOptions } from "./options.ts";
import { type Batch, imageOf, repeated } from "./picture-input.ts";
import { fromNoise } from "./start-from-text.ts";

/** The start of an edit. */
export async function fromEdited<T>(
  model: FolderModel<T>,
  call: ImageToImageOptions,
  run: Run,
): Promise<Start> {
  const { strength, imageGuidance = 1.5 } = call;
  const { guidance, rows } = run;
  if (strength !== undefined) {
    throw new ArgumentError(
      `strength must be left out for a folder that edits images, which takes all steps, got ${strength}`,
    );
  }
  const { image, isLatent, latent } = imageOf(model, call.image, rows);
  const data = isLatent ? image.data : await modes(model, image);
  const shape = [image.shape[0], ...latent] as unknown as Batch["shape"];
  const one = shape[0] === 1 ? 1 : rows;
  const concat = { ...repeated({ data, shape }, one), dtype: "float32" } as const;
  const none = { ...concat, shape: [1, ...latent], data: new Float32Array(data.length / shape[0]) };
  return {
    ...fromNoise(call, latent, run),
    condition: { concat },
    ...(imageGuidance >= 1
      ? { second: { scale: imageGuidance, unconditional: { concat: none } } }
      : { guidance: Math.min(guidance, 1) }),
  };
}

async function modes<T>(model: FolderModel<T>, image: Batch): Promise<Float32Array> {
  const encoder = await imageEncoder(model, image.shape);
  try {
    return await encoder.mode(image, model.index.is_cosxl_edit === true);
  } finally {
    await encoder.dispose();
  }
}
