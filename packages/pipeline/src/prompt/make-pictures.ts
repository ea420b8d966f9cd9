/*
 * Pictures of one call, whatever they start from:
 *
 *   start (noise, an image, an image with a mask)
 *   tokenizers -> text encoders -> conditions
 *   generate (classifierFree) -> VAE -> pictures
 */
import type { Tensor } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";
import { type Denoiser, type GenerateOptions, generate } from "@gen/sampling";
import { controlConditions } from "../control/control-conditions.ts";
import { callConditions } from "./call-conditions.ts";
import type { FolderModel } from "./folder-model.ts";
import { type Defaults, defaultsOf, requireUse, type Use } from "./folder-use.ts";
import type { PictureOptions } from "./options.ts";

type ClassifierFreeOptions = Extract<NonNullable<GenerateOptions["guidance"]>, object>;
type GenerateProgress = Parameters<NonNullable<GenerateOptions["onStep"]>>[0];

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

/** What a run is made of, with the defaults of the folder. */
export interface Run extends Defaults {
  /** All pictures of the call. */
  readonly rows: number;
  /** What chooses the scheduler's table, beside the steps. */
  readonly chosen: Pick<GenerateOptions, "sampler" | "eta" | "compat" | "originalInferenceSteps">;
}

/** What a run starts from. */
export interface Start extends Pick<GenerateOptions, "noise" | "finish"> {
  /** `[channels, height, width]` of the latents. */
  readonly shape: readonly number[];
  /** What the scheduler's table is made of, beside what the call chooses. */
  readonly table: Pick<GenerateOptions, "steps" | "strength" | "timesteps">;
  /** @defaultValue the folder's */
  readonly denoiser?: Denoiser;
  /** Conditions beside the prompts'. */
  readonly condition?: Readonly<Record<string, Tensor>>;
  /** The guidance of the image, for a third pass. */
  readonly second?: ClassifierFreeOptions["second"];
  /** @defaultValue the call's */
  readonly guidance?: number;
  /** Changes what `onStep` is told. */
  readonly watch?: (progress: GenerateProgress) => GenerateProgress;
}

/** Makes the start of a call. */
type Begin<T, Call> = (model: FolderModel<T>, call: Call, run: Run) => Promise<Start>;

/** Makes the pictures of a call, whose options are checked. */
export async function makePictures<T, Call extends PictureOptions>(
  model: FolderModel<T>,
  call: Call,
  use: Use,
  begin: Begin<T, Call>,
): Promise<Pictures> {
  requireUse(model, use);
  const { torchSeed, seed, sampler, eta, originalInferenceSteps, signal, onStep } = call;
  if (torchSeed !== undefined && seed !== undefined) {
    throw new ArgumentError("seed must be left out where torchSeed is given");
  }
  const compat = call.compat ?? (torchSeed === undefined ? undefined : "diffusers");
  const chosen = { ...(sampler && { sampler }), eta, compat, originalInferenceSteps };
  const usual = defaultsOf(model.kind, model.text, use);
  const { steps = usual.steps, guidance: asked = usual.guidance, count = 1 } = call;
  const { strength = usual.strength } = call;
  const rows = [call.prompt].flat().length * count;
  const start = await begin(model, call, { steps, guidance: asked, strength, rows, chosen });
  const { shape, denoiser = model.pipeline.denoiser, guidance = asked, second, watch } = start;
  const conditions = await callConditions(model, call, { guidance, shape });
  const controls = controlConditions(model.controls, call.control ?? [], [
    shape[2] * model.factor,
    shape[1] * model.factor,
  ]);
  const condition = { ...conditions.condition, ...controls.condition };
  const unconditional = conditions.unconditional && {
    ...conditions.unconditional,
    ...controls.unconditional,
  };
  const result = await generate(
    { ...model.pipeline, shape, denoiser },
    {
      backend: model.backend,
      count: rows,
      ...chosen,
      ...start.table,
      seed,
      condition: { ...start.condition, ...condition },
      stepConditions: controls.stepConditions,
      ...(unconditional && {
        guidance: {
          scale: guidance,
          rescale: call.guidanceRescale,
          unconditional,
          ...(second && { second }),
        },
      }),
      noise: start.noise,
      finish: start.finish,
      signal,
      onStep: watch && onStep ? (progress) => onStep(watch(progress)) : onStep,
    },
  );
  const notes = [...model.notes, ...(model.pipeline.warnings ?? []), ...conditions.notes];
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
