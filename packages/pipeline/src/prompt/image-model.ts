/*
 * Pictures of a folder in diffusers' layout, in one call or several:
 *
 *   textToImage    prompt -> pictures
 *   imageToImage   prompt, image -> pictures, edits of the image too
 *   inpaint        prompt, image, mask -> pictures
 *
 *   const model = await openImageModel(read, { backend });
 *   const { images, shape } = await model.textToImage({ prompt: "a red fox", torchSeed: 1 });
 */
import { checkOptions } from "@gen/math/arguments";
import type { ReadFile } from "../folder-files.ts";
import type { FolderKind } from "../folder-kind.ts";
import { loadFolderModel } from "./folder-model.ts";
import { defaultsOf, ownUse } from "./folder-use.ts";
import { makePictures, type Pictures } from "./make-pictures.ts";
import {
  type ImageToImageOptions,
  type InpaintOptions,
  imageRules,
  inpaintRules,
  type OpenImageModelOptions,
  optionRules,
  type TextToImageOptions,
} from "./options.ts";
import { fromImage } from "./start-from-image.ts";
import { fromMask } from "./start-from-mask.ts";
import { fromText } from "./start-from-text.ts";

/** A loaded folder that makes pictures, with what counts where a call gives none. */
export interface ImageModel {
  /** As `describeFolder` names it. */
  readonly kind: FolderKind;
  /** Width and height in pixels. */
  readonly size: readonly [width: number, height: number];
  /** Those of the use that the folder is made for. */
  readonly steps: number;
  /** The scale of guidance of the use that the folder is made for. */
  readonly guidance: number;
  /**
   * As the function {@link textToImage}.
   *
   * @param options The prompt, and how the pictures are drawn.
   */
  textToImage(options: TextToImageOptions): Promise<Pictures>;
  /**
   * As the function {@link imageToImage}.
   *
   * @param options The image, the prompt, and how the pictures are drawn.
   */
  imageToImage(options: ImageToImageOptions): Promise<Pictures>;
  /**
   * As the function {@link inpaint}.
   *
   * @param options The image, the mask, the prompt, and how the pictures are drawn.
   */
  inpaint(options: InpaintOptions): Promise<Pictures>;
  /** Frees the programs of the denoiser and the VAE, after the calls under way. */
  dispose(): Promise<void>;
}

/**
 * Makes pictures of a prompt by a folder of Stable Diffusion 1, 2, XL or 3, of a latent consistency
 * model or of Flux, as the folder's pipeline in diffusers 0.39 does.
 *
 * `const { images, shape } = await textToImage(read, { backend, prompt: "a red fox", seed: 1 })`
 *
 * Each text encoder is read, run and dropped before the denoiser runs.
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param options The backend, the prompt, and how the pictures are drawn.
 * @throws as a rejection: RangeError for an option; GenError `invalid-model` naming the part of the
 * folder that is missing, and how to export it, or what a folder of another kind needs; the
 * signal's reason.
 */
export async function textToImage<T>(
  read: ReadFile,
  options: OpenImageModelOptions<T> & TextToImageOptions,
): Promise<Pictures> {
  checkOptions(options, optionRules);
  return once(read, options, (model) => model.textToImage(options));
}

/** One call of a folder that is opened for it. */
async function once<T>(
  read: ReadFile,
  options: OpenImageModelOptions<T>,
  use: (model: ImageModel) => Promise<Pictures>,
): Promise<Pictures> {
  const model = await openImageModel(read, options);
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

/**
 * Makes pictures of an image and a prompt, as diffusers 0.39 does: the image's latents, noised, go
 * through the last `strength` of the steps. A folder that edits images (InstructPix2Pix) follows the
 * prompt as an instruction, and SDXL's refiner refines.
 *
 * `await imageToImage(read, { backend, prompt: "a red fox", image: { data, shape: [3, 512, 512] } })`
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param options The backend, the image, the prompt, and how the pictures are drawn.
 * @throws as a rejection: as {@link textToImage}; RangeError also for an image of a size that is no
 * multiple, with the nearest, and for a strength that leaves no step.
 */
export async function imageToImage<T>(
  read: ReadFile,
  options: OpenImageModelOptions<T> & ImageToImageOptions,
): Promise<Pictures> {
  checkOptions(options, imageRules);
  return once(read, options, (model) => model.imageToImage(options));
}

/**
 * Paints a part of an image anew from a prompt, as diffusers 0.39 does: by a folder for inpainting,
 * or by any other, whose steps get the image's own latents pasted outside the mask.
 *
 * `await inpaint(read, { backend, prompt: "a red fox", image, mask: { data, shape: [1, 512, 512] } })`
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param options The backend, the image, the mask, the prompt, and how the pictures are drawn.
 * @throws as a rejection: as {@link imageToImage}; RangeError also for a mask of another size.
 */
export async function inpaint<T>(
  read: ReadFile,
  options: OpenImageModelOptions<T> & InpaintOptions,
): Promise<Pictures> {
  checkOptions(options, inpaintRules);
  return once(read, options, (model) => model.inpaint(options));
}

/**
 * A folder for several calls: its denoiser, VAE and tokenizers are loaded once. Programs are compiled
 * in the first call and kept until `dispose`; another size or guidance compiles them anew, and a model
 * that is a file stays open.
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param options The backend, and LoRAs, learned words and ControlNets that count for all calls.
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
    async imageToImage(call) {
      checkOptions(call, imageRules);
      return makePictures(model, call, "imageToImage", fromImage);
    },
    async inpaint(call) {
      checkOptions(call, inpaintRules);
      return makePictures(model, call, "inpaint", fromMask);
    },
    dispose: () => model.dispose(),
  };
}
