/*
 * Pictures of one call, whatever they start from:
 *
 *   start (noise, an image, an image with a mask)
 *   tokenizers -> text encoders -> conditions
 *   generate (classifierFree) -> VAE -> pictures
 */
import type { Tensor } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import {
  type Denoiser,
  type GenerateOptions,
  generate,
  pipelineSteps,
  type Step,
} from "@gen/sampling";
import type { VaeUse } from "../vae/vae-half.ts";
import { callConditions } from "./call-conditions.ts";
import { finisher, tileOf } from "./finish.ts";
import type { FolderModel } from "./folder-model.ts";
import { type Defaults, defaultsOf, requireUse, type Use } from "./folder-use.ts";
import type { PictureOptions, RunStep } from "./options.ts";
import { rowGuidance } from "./row-guidance.ts";

type ClassifierFreeOptions = Extract<NonNullable<GenerateOptions["guidance"]>, object>;

/** Pictures of a call. */
export interface Pictures {
  /** `shape`, row-major, in [-1, 1]: the pictures of the first prompt, then of the second. */
  readonly images: Float32Array;
  /** `[prompts * count, 3, height, width]`. */
  readonly shape: readonly number[];
  /** Evaluations of the denoiser for each picture; a guided one has two passes. */
  readonly steps: number;
  /** Which pictures the safety checker made black; absent where it did not look. */
  readonly unsafe?: readonly boolean[];
  /** What was cut off or left out, one sentence each. */
  readonly notes: readonly string[];
}

/** What a run is made of, with the defaults of the folder. */
export interface Run extends Defaults, Pick<VaeUse<unknown>, "tile" | "note"> {
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
  readonly watch?: (progress: RunStep) => RunStep;
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
  const { torchSeed, seed, sampler, eta, originalInferenceSteps, signal } = call;
  if (torchSeed !== undefined && seed !== undefined) {
    throw new ArgumentError("seed must be left out where torchSeed is given");
  }
  const compat = call.compat ?? (torchSeed === undefined ? undefined : "diffusers");
  const chosen = {
    ...(sampler && { sampler }),
    eta: eta ?? usualEta(model, sampler),
    compat,
    originalInferenceSteps,
  };
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
  const conditions = await callConditions(model, call, { guidance, shape });
  const { unconditional } = conditions;
  const condition = { ...start.condition, ...conditions.condition };
  const { denoiser = model.pipeline.denoiser } = start;
  const guided = unconditional
    ? rowGuidance(denoiser, condition, {
        scale: guidance,
        rescale: call.guidanceRescale,
        unconditional,
        ...(second && { second }),
      })
    : { denoiser, condition };
  const finish = finisher(model, call, { shape, tile, note, watch: start.watch });
  try {
    const { denoiser, ...options } = guided;
    const pipeline = { ...model.pipeline, vae: undefined, shape, denoiser };
    const table = { ...chosen, ...start.table };
    const { x, steps: evaluations } = await generate(pipeline, {
      backend: model.backend,
      count: rows,
      ...table,
      seed,
      ...options,
      noise: start.noise && byDraw(start.noise, pipelineSteps(pipeline, table).steps),
      finish: start.finish,
      signal,
      onStep: finish.onStep,
    });
    const pictures = await finish.pictures(x);
    const warnings = [...(model.pipeline.warnings ?? []), ...model.vaes.picture.warnings];
    return {
      ...pictures,
      steps: evaluations,
      notes: [...warnings, ...conditions.notes, ...notes],
    };
  } finally {
    await finish.dispose();
  }
}

/** The pipelines of Stable Diffusion 1, 2 and XL have an eta of 0, where TCD's class has another. */
const usualEta = <T>({ text, pipeline }: FolderModel<T>, sampler: string | undefined) =>
  sampler === undefined &&
  pipeline.scheduler.className === "TCDScheduler" &&
  /^sd(xl)?$/.test(text.name)
    ? 0
    : undefined;

/** Noise whose steps are counted as PyTorch draws it: rows that add none, draw none. */
function byDraw(
  noise: NonNullable<GenerateOptions["noise"]>,
  rows: readonly Step[],
): NonNullable<GenerateOptions["noise"]> {
  let count = 0;
  const draws = rows.map(({ next }) => (next.noise === 0 ? count : count++));
  return (shape, part) => {
    const drawn = noise(shape, part);
    return {
      ...drawn,
      noise: drawn.noise && ((row, size) => drawn.noise?.(draws[row], size) as FloatArray),
    };
  };
}
