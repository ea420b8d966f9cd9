/*
 * Pictures of one call, whatever they start from:
 *
 *   start (noise, an image, an image with a mask)
 *   tokenizers -> text encoders -> conditions
 *   generate (classifierFree) -> VAE -> pictures
 */
import { ArgumentError } from "@gen/math/arguments";
import { defaultSampler, type GenerateOptions, generate } from "@gen/sampling";
import { callConditions } from "./call-conditions.ts";
import type { FolderModel } from "./folder-model.ts";
import { type Defaults, defaultsOf, requireUse, type Use } from "./folder-use.ts";
import type { TextToImageOptions } from "./options.ts";

/** Pictures of a call. */
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

/** What a run starts from. */
export interface Start extends Pick<GenerateOptions, "noise"> {
  /** `[channels, height, width]` of the latents. */
  readonly shape: readonly number[];
}

/** Makes the start of `rows` pictures. */
type Begin<T, Call> = (
  model: FolderModel<T>,
  call: Call,
  run: Defaults & { readonly rows: number },
) => Promise<Start>;

/** diffusers' pipelines give each scheduler that takes an eta their own default, 0. */
const usualEta = (sampler: string): number | undefined => (sampler === "tcd" ? 0 : undefined);

/** Makes the pictures of a call, whose options are checked. */
export async function makePictures<T, Call extends TextToImageOptions>(
  model: FolderModel<T>,
  call: Call,
  use: Use,
  begin: Begin<T, Call>,
): Promise<Pictures> {
  requireUse(model, use);
  const { torchSeed, seed, sampler, eta, signal, onStep } = call;
  if (torchSeed !== undefined && seed !== undefined) {
    throw new ArgumentError("seed must be left out where torchSeed is given");
  }
  const usual = defaultsOf(model.kind, model.text, use);
  const { steps = usual.steps, guidance = usual.guidance, count = 1 } = call;
  const rows = [call.prompt].flat().length * count;
  const { shape, noise } = await begin(model, call, { ...usual, steps, guidance, rows });
  const conditions = await callConditions(model, call, { guidance, shape });
  const { condition, unconditional } = conditions;
  const result = await generate(
    { ...model.pipeline, shape },
    {
      backend: model.backend,
      count: rows,
      steps,
      ...(sampler && { sampler }),
      eta: eta ?? usualEta(sampler ?? defaultSampler(model.pipeline.scheduler)),
      compat: call.compat ?? (torchSeed === undefined ? undefined : "diffusers"),
      seed,
      condition,
      ...(unconditional && {
        guidance: { scale: guidance, rescale: call.guidanceRescale, unconditional },
      }),
      noise,
      signal,
      onStep,
    },
  );
  const notes = [...(model.pipeline.warnings ?? []), ...conditions.notes];
  if ([model.index.safety_checker].flat().some((part) => part != null)) {
    notes.push("the folder's safety checker did not look at the pictures");
  }
  return {
    // As diffusers' VaeImageProcessor.
    images: result.x.map((value) => Math.min(1, Math.max(-1, value))),
    shape: result.shape,
    steps: result.steps,
    notes,
  };
}
