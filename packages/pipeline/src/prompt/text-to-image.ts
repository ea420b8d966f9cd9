/*
 * Pictures from prompts, of a folder in diffusers' layout, in one call:
 *
 *   tokenizers -> text encoders -> conditions -> generate (classifierFree) -> VAE
 *
 *   const { images, shape } = await textToImage(read, { backend, prompt: "a red fox", torchSeed: 1 })
 */
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { generate, torchNoise } from "@gen/sampling";
import { vaeConfig } from "../describe-folder.ts";
import { classNameOf, type Fields, numberOf } from "../folder-kind.ts";
import { required } from "../folder-parts.ts";
import { folderSizes } from "../folder-sizes.ts";
import { loadRules, modelLayout, type ReadFile, readJson } from "../load-model.ts";
import { loadPipeline } from "../load-pipeline.ts";
import { folderLoras } from "../lora/folder-loras.ts";
import { pipelinePaths } from "../paths.ts";
import type { PromptTokenizer } from "../text/load-tokenizer.ts";
import { learnedWords, withWords } from "./learned-words.ts";
import {
  BACKEND,
  learnedRules,
  type OpenTextToImageOptions,
  optionRules,
  type TextToImageOptions,
} from "./options.ts";
import { latentShape } from "./picture-size.ts";
import { promptConditions, withoutText } from "./prompt-conditions.ts";
import { type PromptStates, promptStates } from "./prompt-states.ts";
import { requirePromptAlone, textKind } from "./text-kind.ts";
import { encoderOf, tokenizerOf } from "./text-parts.ts";

/** Pictures of prompts. */
export interface Pictures {
  /** `shape`, row-major, in [-1, 1]: the pictures of the first prompt, then of the second. */
  readonly images: Float32Array;
  /** `[prompts * count, 3, height, width]`. */
  readonly shape: readonly number[];
  /** Evaluations of the denoiser for each picture; a guided one has two passes. */
  readonly steps: number;
  /** What was cut off or left out, one sentence each. */
  readonly notes: readonly string[];
}

/** A loaded folder that makes pictures of prompts, with what counts where a call gives none. */
export interface TextToImage {
  /** Width and height in pixels. */
  readonly size: readonly [width: number, height: number];
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
  options: OpenTextToImageOptions<T> & TextToImageOptions,
): Promise<Pictures> {
  checkOptions(options, optionRules);
  return (await openTextToImage(read, options)).textToImage(options);
}

/** {@link textToImage} for several calls: the denoiser, the VAE and the tokenizers are loaded once. */
export async function openTextToImage<T>(
  read: ReadFile,
  options: OpenTextToImageOptions<T>,
): Promise<TextToImage> {
  checkArguments({ read }, { read: rules.FUNCTION });
  checkOptions(options, {
    ...loadRules,
    ...learnedRules,
    backend: BACKEND,
    shape: rules.optional(rules.listOf(rules.optional(rules.COUNT))),
  });
  const backend = await options.backend;
  checkArguments({ backend }, { backend: rules.BACKEND });
  const json = async (path: string): Promise<Fields> =>
    (await readJson(read, path, options.limit)) ?? {};
  const configs = ["index", "unetConfig", "transformerConfig", "decoderConfig", "encoderConfig"];
  const [index, unet, transformer, ofDecoder, ofEncoder] = await Promise.all(
    configs.map((name) => json(pipelinePaths[name as keyof typeof pipelinePaths])),
  );
  const config = Object.keys(unet).length > 0 ? unet : transformer;
  requirePromptAlone(index, config);
  const layoutOf = (path: string) => modelLayout(read, path, options);
  const { loras = [], embeddings = {} } = options;
  const merged = await folderLoras(layoutOf, loras);
  const pipeline = await loadPipeline(unlessEncoder(read), {
    ...options,
    changes: merged.changes,
    ...(options.open && { open: unlessEncoder(options.open) }),
  });
  const conditions = pipeline.denoiser.condition ?? {};
  const kind = textKind(index, config, conditions);
  const vae = required(pipelinePaths.decoder, pipeline.vae);
  const tokenizers = new Map<string, PromptTokenizer>();
  const words = await learnedWords(layoutOf, kind.parts, embeddings);
  let { changes } = merged;
  for (const part of kind.parts) {
    const own = words.get(part) ?? [];
    const tokenizer = await tokenizerOf(read, part, own);
    tokenizers.set(part.tokenizer, tokenizer);
    changes = withWords(changes, part, own, tokenizer.size);
  }
  const [channels, height, width] = pipeline.shape;
  const factor = vae.image[1] / height;
  const { multiple } = folderSizes(config, vaeConfig(ofDecoder, ofEncoder), classNameOf(index));
  const embedding = Number(
    numberOf(config, "time_cond_proj_dim") ?? conditions.timestep_cond?.shape[1],
  );
  const { steps, guidance } = kind;
  return { size: [width * factor, height * factor], steps, guidance, textToImage: draw };

  async function draw(call: TextToImageOptions): Promise<Pictures> {
    checkOptions(call, optionRules);
    const { prompt, negativePrompt, count = 1, guidance = kind.guidance, signal } = call;
    const { torchSeed, torchDevice, size, clipSkip = 0, weighted = false } = call;
    if (torchSeed !== undefined && call.seed !== undefined) {
      throw new ArgumentError("seed must be left out where torchSeed is given");
    }
    const shape = size ? latentShape(size, { channels, factor, multiple }) : pipeline.shape;
    const takesGuidance = "timestep_cond" in conditions || kind.name === "flux";
    const isGuided = guidance > 1 && !takesGuidance;
    const isEmpty = kind.name === "sdxl" && index.force_zeros_for_empty_prompt !== false;
    const isZero = negativePrompt === undefined && isEmpty;
    const texts = [prompt].flat().map((text) => ({ text, clipSkip }));
    const all =
      isGuided && !isZero ? [...texts, { text: negativePrompt ?? "", clipSkip: 0 }] : texts;
    const { encoded, notes } = await promptStates(
      {
        kind,
        backend,
        weighted,
        signal,
        width: numberOf(config, "joint_attention_dim"),
        tokenizerOf: (part) => tokenizers.get(part.tokenizer) as PromptTokenizer,
        load: (part) => encoderOf(read, part, { ...options, changes }),
      },
      all,
    );
    const conditionsOf = (states: readonly PromptStates[]) =>
      promptConditions(conditions, states, {
        guidance,
        embedding,
        width: shape[2] * factor,
        height: shape[1] * factor,
      });
    const shown = encoded.slice(0, texts.length);
    const condition = conditionsOf(
      shown.flatMap((one) => Array.from({ length: shown.length > 1 ? count : 1 }, () => one)),
    );
    const none = isZero ? withoutText(conditionsOf([encoded[0]])) : conditionsOf(encoded.slice(-1));
    const { sampler, eta, compat, seed, onStep } = call;
    const result = await generate(
      { ...pipeline, shape },
      {
        backend,
        count: texts.length * count,
        steps: call.steps ?? kind.steps,
        ...(sampler && { sampler }),
        eta,
        compat: compat ?? (torchSeed === undefined ? undefined : "diffusers"),
        seed,
        condition,
        ...(isGuided && {
          guidance: { scale: guidance, rescale: call.guidanceRescale, unconditional: none },
        }),
        ...(torchSeed !== undefined && {
          noise: (batch, part) => torchNoise(torchSeed, batch, { ...part, device: torchDevice }),
        }),
        signal,
        onStep,
      },
    );
    // As diffusers' VaeImageProcessor.
    const images = result.x.map((value) => Math.min(1, Math.max(-1, value)));
    if (negativePrompt !== undefined && !isGuided) {
      notes.push("the negative prompt is not used: there is no second pass for it");
    }
    if ([index.safety_checker].flat().some((part) => part != null)) {
      notes.push("the folder's safety checker did not look at the pictures");
    }
    return {
      images,
      shape: result.shape,
      steps: result.steps,
      notes: [...merged.notes, ...(pipeline.warnings ?? []), ...notes],
    };
  }
}

/** Files of a folder but for the VAE's encoder, which makes no picture. */
const unlessEncoder =
  <R>(get: (path: string) => Promise<R | undefined>) =>
  async (path: string): Promise<R | undefined> =>
    path.startsWith("vae_encoder/model") ? undefined : get(path);
