/*
 * A start from an image: its latents, noised to the level of the first step that is taken.
 *
 *   x = signal latents + noise epsilon
 */
import type { NoiseLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { FolderModel } from "./folder-model.ts";
import type { Run, Start } from "./make-pictures.ts";
import type { ImageToImageOptions } from "./options.ts";
import { partOfSteps } from "./part-of-steps.ts";
import { imageOf } from "./picture-input.ts";
import { startLatents } from "./start-latents.ts";
import { fromEdited } from "./start-of-edit.ts";

/** The start of image to image, or of an edit. */
export async function fromImage<T>(
  model: FolderModel<T>,
  call: ImageToImageOptions,
  run: Run,
): Promise<Start> {
  if (model.kind === "image edit") return fromEdited(model, call, run);
  if (call.imageGuidance !== undefined) {
    throw new ArgumentError(
      `imageGuidance must be left out for a folder that edits no images, got ${call.imageGuidance}`,
    );
  }
  const given = imageOf(model, call.image, run.rows);
  const spreads = model.kind === "latent consistency";
  const part = partOfSteps(model, call, { ...run, shape: given.latent, spreads });
  const { rows } = run;
  const start = await startLatents(model, call, { given, rows, takesImage: true });
  const x = noised(start.latents, start.epsilon, part.levels[0], part.initialScale);
  return { shape: given.latent, table: part.options, noise: start.noiseFrom(x) };
}

/** Latents at a noise level, over the scale that the run multiplies them by. */
export const noised = (
  latents: Float32Array,
  epsilon: Float32Array,
  { signal, noise }: NoiseLevel,
  scale: number,
): Float32Array => latents.map((value, i) => (signal * value + noise * epsilon[i]) / scale);
