import { rules } from "@gen/math/arguments";
import type { Backend } from "@gen/runtime-gpu";
import type { GenerateOptions } from "@gen/sampling";
import { CONTROL, type ControlOptions } from "../control/control-conditions.ts";
import { CONTROL_NET, type ControlNetFiles } from "../control/load-control.ts";
import type { ReadFile } from "../folder-files.ts";
import type { LoadPipelineOptions } from "../load-pipeline.ts";
import { LORAS, type LoraOption } from "../lora/folder-loras.ts";
import { FILE } from "../model-bytes.ts";
import { MAX_PROMPT_LENGTH } from "../text/limits.ts";
import type { Preview } from "./preview.ts";

/** What a folder's model is loaded with. */
export interface OpenImageModelOptions<T = unknown>
  extends Omit<LoadPipelineOptions, "changes" | "around"> {
  /** A backend, or a promise of a backend; it runs every part. */
  readonly backend: Backend<T> | PromiseLike<Backend<T>>;
  /** LoRAs that are merged into the denoiser and the text encoders. @defaultValue none */
  readonly loras?: readonly LoraOption[];
  /**
   * Words of textual inversions and the bytes of their safetensors files, as `readEmbedding` reads
   * them.
   * @defaultValue none
   */
  readonly embeddings?: Readonly<Record<string, Uint8Array>>;
  /** The files of ControlNets, for a UNet that takes their residuals. @defaultValue none */
  readonly controlNets?: readonly ControlNetFiles[];
  /**
   * A folder whose `vae_decoder/` makes the pictures in place of the folder's own, such as the export
   * of an AutoencoderTiny.
   * @defaultValue the folder's own
   */
  readonly decoder?: ReadFile;
  /** The same for `decode` of a step alone. @defaultValue `decoder`, else the folder's own */
  readonly previewDecoder?: ReadFile;
}

/** A step of a run, whatever becomes of it. */
export type RunStep = Parameters<NonNullable<GenerateOptions["onStep"]>>[0];

/** A step of a call, with pictures of its estimate of the clean sample. */
interface PictureProgress extends RunStep {
  /** Small pictures by a linear map of latents to colors. Without this call nothing is computed. */
  preview(): Promise<Preview>;
  /** Whole pictures by the decoder for previews. */
  decode(): Promise<Pick<Preview, "images" | "shape">>;
}

/** What a picture is made of. */
export interface TextToImageOptions
  extends Pick<
    GenerateOptions,
    "sampler" | "steps" | "eta" | "compat" | "seed" | "noise" | "part" | "signal"
  > {
  /** What the picture shows; several prompts make pictures of each. */
  readonly prompt: string | readonly string[];
  /**
   * What it does not show, for models that take a second pass for it: one text for all prompts, or
   * one for each.
   * @defaultValue none
   */
  readonly negativePrompt?: string | readonly string[];
  /** Pictures of each prompt. @defaultValue 1 */
  readonly count?: number;
  /**
   * The scale of classifier-free guidance; 1 or less is none, without a second pass. LCM and Flux
   * take it as an input.
   * @defaultValue that of the folder's class: 7.5, SDXL 5, LCM 8.5, SD3 7, Flux 3.5
   */
  readonly guidance?: number;
  /** As `rescale` of `classifierFree`. @defaultValue 0 */
  readonly guidanceRescale?: number;
  /**
   * Draws all noise as PyTorch after `torch.manual_seed(torchSeed)`, in place of `seed`, and follows
   * diffusers' schedulers fault for fault.
   * @defaultValue none
   */
  readonly torchSeed?: number;
  /** Where PyTorch would draw. @defaultValue "cpu" */
  readonly torchDevice?: "cpu" | "cuda";
  /** Width and height in pixels. @defaultValue those of a ControlNet's image, else the folder's own */
  readonly size?: readonly [width: number, height: number];
  /** Layers of CLIP that are left out at its end, as `clip_skip` of diffusers. @defaultValue 0 */
  readonly clipSkip?: number;
  /** Reads `(word:1.3)` in prompts as weights. @defaultValue false */
  readonly weighted?: boolean;
  /**
   * The side in pixels of the tiles that the VAE works in, which bounds its memory: each is computed
   * with the pixels around it that the VAE sees (56 for Stable Diffusion). The pictures are those of
   * the VAE without tiles. Where it has group normalizations, each tile is computed 4 to 8 times.
   * @defaultValue no tiles
   */
  readonly tileSize?: number;
  /** Lets the folder's safety checker make unsafe pictures black. @defaultValue false */
  readonly safetyChecker?: boolean;
  /**
   * Called after each step of each batch; a returned promise is awaited.
   *
   * @param progress The state of the batch's run, with its pictures.
   * @defaultValue none
   */
  readonly onStep?: (progress: PictureProgress) => unknown;
  /** What each ControlNet is given, in the order of `controlNets`. @defaultValue none */
  readonly control?: readonly ControlOptions[];
  /** Steps that a latent consistency model was distilled at. @defaultValue its scheduler's */
  readonly originalInferenceSteps?: number;
}

/** Images, masks or latents, row-major. */
export interface PictureInput {
  /** The numbers, row-major; `shape` has their range. */
  readonly data: Float32Array;
  /** `[channels, height, width]`, or `[n, channels, height, width]`. */
  readonly shape: readonly number[];
}

/** What pictures are made of that start from an image. Their size is the image's. */
export interface ImageToImageOptions extends Omit<TextToImageOptions, "size" | "noise"> {
  /**
   * Images of 3 channels in [-1, 1], or latents of the denoiser's channels: one for all pictures,
   * or several for one picture each in turn.
   */
  readonly image: PictureInput;
  /**
   * The share of the steps that are taken, in (0, 1]: 1 leaves little of the image. A folder that
   * edits images takes all.
   * @defaultValue that of the folder's class: 0.8, SDXL 0.3, SD3 and Flux 0.6
   */
  readonly strength?: number;
  /** How near to the image a folder that edits images stays; from 1 on it takes a third pass. @defaultValue 1.5 */
  readonly imageGuidance?: number;
  /** The score of beauty that SDXL's refiner is told. @defaultValue 6 */
  readonly aestheticScore?: number;
  /** The same for the second pass. @defaultValue 2.5 */
  readonly negativeAestheticScore?: number;
}

/** What a part of an image is painted anew from. */
export interface InpaintOptions extends Omit<ImageToImageOptions, "imageGuidance"> {
  /**
   * One channel in [0, 1], as high and wide as the image: from 0.5 on the image is painted anew.
   * One for all pictures, or several for one picture each in turn.
   */
  readonly mask: PictureInput;
  /**
   * As in {@link ImageToImageOptions}; 1 starts from noise alone.
   * @defaultValue that of the folder's class: 1, SDXL 0.9999, SD3 and Flux 0.6
   */
  readonly strength?: number;
}

/** The options of any call. */
export type PictureOptions = TextToImageOptions & Partial<ImageToImageOptions>;

const PROMPT: rules.Rule = [
  `a text of at most ${MAX_PROMPT_LENGTH} characters`,
  (value) => typeof value === "string" && value.length <= MAX_PROMPT_LENGTH,
];

/** A backend, or a promise of one. */
export const BACKEND = rules.either(rules.BACKEND, [
  "a promise of one",
  (value) => typeof (value as { then?: unknown } | null)?.then === "function",
]);

/** What a folder's LoRAs, words and ControlNets may be. */
export const learnedRules = {
  controlNets: rules.optional(rules.listOf(CONTROL_NET)),
  loras: LORAS,
  embeddings: rules.optional([
    "an object of files' bytes by word",
    (value) => rules.OBJECT[1](value) && Object.values(value as object).every(FILE[1]),
  ]),
} satisfies Record<string, rules.Rule>;

/** What the options of a call may be. */
export const optionRules = {
  prompt: rules.either(PROMPT, rules.listOf(PROMPT, 1)),
  negativePrompt: rules.optional(rules.either(PROMPT, rules.listOf(PROMPT, 1))),
  count: rules.optional(rules.COUNT),
  guidance: rules.optional(rules.NOT_NEGATIVE),
  guidanceRescale: rules.optional(rules.UNIT),
  sampler: rules.optional(rules.TEXT),
  steps: rules.optional(rules.COUNT),
  eta: rules.optional(rules.ANY_NUMBER),
  compat: rules.optional(rules.oneOf("diffusers")),
  seed: rules.optional(rules.SEED),
  noise: rules.optional(rules.FUNCTION),
  part: rules.optional(rules.LIST),
  torchSeed: rules.optional(rules.SEED),
  torchDevice: rules.optional(rules.oneOf("cpu", "cuda")),
  size: rules.optional([
    "[width, height] in pixels",
    (value) => Array.isArray(value) && value.length === 2 && value.every(rules.COUNT[1]),
  ]),
  clipSkip: rules.optional(rules.integerIn(0, 64)),
  weighted: rules.optional(rules.FLAG),
  tileSize: rules.optional(rules.COUNT),
  safetyChecker: rules.optional(rules.FLAG),
  control: rules.optional(rules.listOf(CONTROL)),
  originalInferenceSteps: rules.optional(rules.COUNT),
  signal: rules.optional(rules.OBJECT),
  onStep: rules.optional(rules.FUNCTION),
} satisfies Record<string, rules.Rule>;

const IMAGE = rules.having("{ data, shape }", {
  data: rules.FLOATS,
  shape: [
    "[channels, height, width] or [n, channels, height, width]",
    (value) => rules.SIZES[1](value) && [3, 4].includes((value as number[]).length),
  ],
});

/** What the options of a call with an image may be. */
export const imageRules = {
  ...optionRules,
  image: IMAGE,
  size: rules.optional(["left out: the pictures are as large as the image", () => false]),
  noise: rules.optional(["left out: it is for pictures of a prompt alone", () => false]),
  strength: rules.optional(rules.UNIT),
  imageGuidance: rules.optional(rules.NOT_NEGATIVE),
  aestheticScore: rules.optional(rules.FINITE),
  negativeAestheticScore: rules.optional(rules.FINITE),
} satisfies Record<string, rules.Rule>;

/** What the options of a call with an image and a mask may be. */
export const inpaintRules = { ...imageRules, mask: IMAGE } satisfies Record<string, rules.Rule>;
