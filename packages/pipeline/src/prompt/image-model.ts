/*
 * Pictures of a folder in diffusers' layout, in one call or several:
 *
 *   textToImage   prompt -> pictures
 *
 *   const model = await openImageModel(read, { backend });
 *   const { images, shape } = await model.textToImage({ prompt: "a red fox", torchSeed: 1 });
 */
import { checkOptions } from "@gen/math/arguments";
import type { FolderKind } from "../folder-kind.ts";
import type { ReadFile } from "../load-model.ts";
import { loadFolderModel } from "./folder-model.ts";
import { defaultsOf, ownUse } from "./folder-use.ts";
import { makePictures, type Pictures } from "./make-pictures.ts";
import { type OpenImageModelOptions, optionRules, type TextToImageOptions } from "./options.ts";
import { fromText } from "./start-from-text.ts";

/** A loaded folder that makes pictures, with what counts where a call gives none. */
export interface ImageModel {
  /** As `describeFolder` names it. */
  readonly kind: FolderKind;
  /** Width and height in pixels. */
  readonly size: readonly [width: number, height: number];
  /** Those of the use that the folder is made for. */
  readonly steps: number;
  readonly guidance: number;
  /** As the function {@link textToImage}. */
  textToImage(options: TextToImageOptions): Promise<Pictures>;
}

/**
 * Makes pictures of a prompt by a folder of Stable Diffusion 1, 2, XL or 3, of a latent consistency
 * model or of Flux, as the folder's pipeline in diffusers 0.39 does.
 *
 * `const { images, shape } = await textToImage(read, { backend, prompt: "a red fox", seed: 1 })`
 *
 * Each text encoder is read, run and dropped before the denoiser runs.
 *
 * @throws as a rejection: RangeError for an option; GenError `invalid-model` naming the part of the
 * folder that is missing, and how to export it, or what a folder of another kind needs; the
 * signal's reason.
 */
export async function textToImage<T>(
  read: ReadFile,
  options: OpenImageModelOptions<T> & TextToImageOptions,
): Promise<Pictures> {
  checkOptions(options, optionRules);
  return (await openImageModel(read, options)).textToImage(options);
}

/**
 * A folder for several calls: its denoiser, VAE and tokenizers are loaded once.
 *
 * @throws as a rejection: GenError `invalid-model` for a folder without a text encoder, of an unknown
 * class, or without a part, naming the part and how to export it.
 */
export async function openImageModel<T>(
  read: ReadFile,
  options: OpenImageModelOptions<T>,
): Promise<ImageModel> {
  const model = await loadFolderModel(read, options);
  const { kind, text, factor } = model;
  const [, height, width] = model.pipeline.shape;
  const { steps, guidance } = defaultsOf(kind, text, ownUse(kind));
  return {
    kind,
    size: [width * factor, height * factor],
    steps,
    guidance,
    async textToImage(call) {
      checkOptions(call, optionRules);
      return makePictures(model, call, "textToImage", fromText);
    },
  };
}
