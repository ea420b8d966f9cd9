/*
 * Pictures of one call, whatever they start from:
 *
 *   start (noise, an image, an image with a mask)
 *   tokenizers -> text encoders -> conditions
 *   generate (classifierFree) -> VAE -> pictures
 */
import type { Tensor } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";
import { defaultSampler, type GenerateOptions } from "@gen/sampling";
import { controlConditions } from "../control/control-conditions.ts";
import type { VaeRun, VaeUse } from "../vae/vae-half.ts";
import { callConditions } from "./call-conditions.ts";
import { finisher, tileOf } from "./finish.ts";
import type { FolderModel } from "./folder-model.ts";
import { type Defaults, defaultsOf, requireUse, type Use } from "./folder-use.ts";
import type { PictureOptions, RunStep } from "./options.ts";
import { requireChecker } from "./safety-checker.ts";

type ClassifierFreeOptions = Extract<NonNullable<GenerateOptions["guidance"]>, object>;

/** Pictures of a call. */
export interface Pictures {
  /** `shape`, row-major, in [-1, 1]: the pictures of the first prompt, then of the second. */
  readonly images: Float32Array;
  /** `[prompts * count, 3, height, width]`, or the pictures of `part`. */
  readonly shape: readonly number[];
  /** Evaluations of the denoiser for each picture; a guided one has two passes. */
  readonly steps: number;
  /** Which pictures the safety checker made black; absent where it did not look. */
  readonly unsafe?: readonly boolean[];
  /** What was cut off or left out, one sentence each. */
  readonly notes: readonly string[];
}

/** What a run is made of, with the defaults of the folder. */
export interface Run extends Defaults, Pick<VaeUse<unknown>, "tile">, Pick<VaeRun, "note"> {
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
  /** Whether known latents are pasted into x, as the conditions `known.*` say. */
  readonly isPasted?: boolean;
  /** Conditions beside the prompts'. */
  readonly condition?: Readonly<Record<string, Tensor>>;
  /** The guidance of the image, for a third pass. */
  readonly second?: ClassifierFreeOptions["second"];
  /** @defaultValue the call's */
  readonly guidance?: number;
  /** Changes what `onStep` is told. */
  readonly watch?: (progress: RunStep) => RunStep;
}

/** Makes the start of a call. */
type Begin<T, Call> = (model: FolderModel<T>, call: Call, run: Run) => Promise<Start>;

/** diffusers' pipelines give each scheduler that takes an eta their own default, 0. */
const usualEta = (sampler: string): number | undefined => (sampler === "tcd" ? 0 : undefined);

/** Makes the pictures of a call, whose options are checked. */
export async function makePictures<T, Call extends PictureOptions>(
  model: FolderModel<T>,
  call: Call,
  use: Use,
  begin: Begin<T, Call>,
): Promise<Pictures> {
  requireUse(model, use);
  if (call.safetyChecker) await requireChecker(model.read, model.reading);
  const { torchSeed, seed, sampler, originalInferenceSteps, signal } = call;
  if (torchSeed !== undefined && seed !== undefined) {
    throw new ArgumentError("seed must be left out where torchSeed is given");
  }
  if (call.noise && (seed ?? torchSeed) !== undefined) {
    throw new ArgumentError("noise must be left out where seed or torchSeed is given");
  }
  const compat = call.compat ?? (torchSeed === undefined ? undefined : "diffusers");
  const { eta = usualEta(sampler ?? defaultSampler(model.pipeline.scheduler)) } = call;
  const chosen = { ...(sampler && { sampler }), eta, compat, originalInferenceSteps };
  const usual = defaultsOf(model.kind, model.text, use);
  const { steps = usual.steps, guidance: asked = usual.guidance, count = 1 } = call;
  const { strength = usual.strength } = call;
  const rows = [call.prompt].flat().length * count;
  const notes = new Set<string>();
  const note = (text: string) => notes.add(text);
  const tile = tileOf(model, call);
  const start = await begin(model, call, {
    ...{ steps, guidance: asked, strength, rows, chosen, tile, note },
  });
  const { shape, guidance = asked, second } = start;
  await model.vaes.picture.requireShape(shape);
  const conditions = await callConditions(model, call, { guidance, shape });
  const controls = controlConditions(model.controls, call.control ?? [], [
    shape[2] * model.factor,
    shape[1] * model.factor,
  ]);
  const { unconditional } = conditions;
  const finish = finisher(model, call, { shape, tile, note, watch: start.watch });
  const source = start.isPasted ? model.samplers.pasting : model.samplers.plain;
  const { x, steps: evaluations } = await source.generate({
    shape,
    count: rows,
    part: call.part,
    ...chosen,
    ...start.table,
    seed,
    condition: { ...start.condition, ...conditions.condition, ...controls.condition },
    stepConditions: controls.stepConditions,
    ...(unconditional && {
      guidance: {
        scale: guidance,
        rescale: call.guidanceRescale,
        unconditional: { ...unconditional, ...controls.unconditional },
        ...(second && { second }),
      },
    }),
    noise: start.noise,
    finish: start.finish,
    signal,
    onStep: finish.onStep,
  });
  const pictures = await finish.pictures(x);
  const warnings = [...(model.pipeline.warnings ?? []), ...model.vaes.picture.warnings];
  return {
    ...pictures,
    steps: evaluations,
    notes: [...model.notes, ...warnings, ...conditions.notes, ...notes],
  };
}
