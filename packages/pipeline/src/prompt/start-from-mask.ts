/*
 * A start for inpainting, of an image and a mask of what is painted anew:
 *
 *   a network with channels for it takes the mask and the masked image's latents beside x
 *   others get the image's own latents pasted outside the mask before each step
 *
 * x starts as in image to image, and from noise alone at strength 1.
 */
import { ArgumentError } from "@gen/math/arguments";
import type { FolderModel } from "./folder-model.ts";
import type { Run, Start } from "./make-pictures.ts";
import type { InpaintOptions } from "./options.ts";
import { partOfSteps } from "./part-of-steps.ts";
import { pasted } from "./paste-known.ts";
import {
  type Batch,
  type GivenImage,
  imageOf,
  type Mask,
  maskOf,
  repeated,
} from "./picture-input.ts";
import { noised } from "./start-from-image.ts";
import { startLatents } from "./start-latents.ts";

/** The start of inpainting. */
export async function fromMask<T>(
  model: FolderModel<T>,
  call: InpaintOptions,
  run: Run,
): Promise<Start> {
  const { rows, strength } = run;
  const given = imageOf(model, call.image, rows);
  const { latent } = given;
  const mask = maskOf(model, call.mask, latent, rows);
  const takesMasked = "concat" in model.conditions;
  if (takesMasked && given.isLatent) {
    throw new ArgumentError(
      `image must be pixels for a network that takes the masked image, got ${given.image.shape[1]} channels`,
    );
  }
  const isPure = strength === 1;
  const part = partOfSteps(model, call, { ...run, shape: latent, use: "inpaint", isPure });
  const start = await startLatents(model, call, {
    given,
    run,
    takesImage: !isPure || !takesMasked,
    masked: given.isLatent ? undefined : maskedImage(given, mask, rows),
    takesMasked,
  });
  const { latents, epsilon, masked } = start;
  const x = isPure ? epsilon : noised(latents, epsilon, part.levels[0], part.initialScale);
  const begun = { shape: latent, table: part.options, noise: start.noiseFrom(x) };
  if (masked) return { ...begun, condition: { concat: joined(mask.latents, masked, rows) } };
  const known = { latents, epsilon, mask: repeated(mask.latents, rows).data, rows };
  const paste = pasted(latent, part, known);
  // StableDiffusion3InpaintPipeline of diffusers 0.39 decodes without the VAE's shift.
  const lost = run.chosen.compat && model.text.name === "sd3" ? model.vaes.shift : 0;
  const finish: typeof paste.finish = (x, at) => paste.finish(x, at).map((value) => value - lost);
  return { ...begun, ...paste, finish };
}

/** The image with zeros, which are gray, under the mask. */
function maskedImage({ image }: GivenImage, { pixels }: Mask, rows: number): Batch {
  const [ofImage, ofMask] = [image.shape[0], pixels.shape[0]];
  const count =
    ofImage === 1 || ofMask === 1 || ofImage === ofMask ? Math.max(ofImage, ofMask) : rows;
  const { data, shape } = repeated(image, count);
  const hidden = repeated(pixels, count).data;
  const [, channels, height, width] = shape;
  const size = height * width;
  const masked = data.map((value, i) => {
    const [row, pixel] = [Math.floor(i / size / channels), i % size];
    return hidden[row * size + pixel] === 1 ? 0 : value;
  });
  return { data: masked, shape };
}

/** A mask and latents side by side in channels, for all pictures where both are one. */
function joined(mask: Batch, latents: Batch, rows: number) {
  const count = mask.shape[0] === 1 && latents.shape[0] === 1 ? 1 : rows;
  const parts = [mask, latents].map((part) => repeated(part, count));
  const sizes = parts.map(({ data }) => data.length / count);
  const data = new Float32Array(count * (sizes[0] + sizes[1]));
  for (let row = 0, at = 0; row < count; row++) {
    for (const [i, part] of parts.entries()) {
      data.set(part.data.subarray(row * sizes[i], (row + 1) * sizes[i]), at);
      at += sizes[i];
    }
  }
  const [, channels, ...sides] = latents.shape;
  return { data, shape: [count, 1 + channels, ...sides], dtype: "float32" } as const;
}
