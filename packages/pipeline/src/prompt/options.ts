import { rules } from "@gen/math/arguments";
import type { Backend } from "@gen/runtime-gpu";
import type { GenerateOptions } from "@gen/sampling";
import type { ReadFile } from "../load-model.ts";
import type { LoadPipelineOptions } from "../load-pipeline.ts";
import { MAX_PROMPT_LENGTH } from "../text/limits.ts";
import type { Preview } from "./preview.ts";

/** What a folder's model is loaded with. */
export interface OpenImageModelOptions<T = unknown> extends LoadPipelineOptions {
  /** A backend, or a promise of a backend; it runs every part. */
  readonly backend: Backend<T> | PromiseLike<Backend<T>>;
  /**
   * A folder whose `vae_decoder/` makes the pictures in place of the folder's own, such as the export
   * of an AutoencoderTiny.
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
  extends Pick<GenerateOptions, "sampler" | "steps" | "eta" | "compat" | "seed" | "signal"> {
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
   */
  readonly torchSeed?: number;
  /** Where PyTorch would draw. @defaultValue "cpu" */
  readonly torchDevice?: "cpu" | "cuda";
  /** Width and height in pixels. @defaultValue the folder's own */
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
  /** Called after each step of each batch; a returned promise is awaited. */
  readonly onStep?: (progress: PictureProgress) => unknown;
}

const PROMPT: rules.Rule = [
  `a text of at most ${MAX_PROMPT_LENGTH} characters`,
  (value) => typeof value === "string" && value.length <= MAX_PROMPT_LENGTH,
];

/** A backend, or a promise of one. */
export const BACKEND = rules.either(rules.BACKEND, [
  "a promise of one",
  (value) => typeof (value as { then?: unknown } | null)?.then === "function",
]);

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
  signal: rules.optional(rules.OBJECT),
  onStep: rules.optional(rules.FUNCTION),
} satisfies Record<string, rules.Rule>;
