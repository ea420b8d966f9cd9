/*
 * Pictures of one call, whatever they start from:
 *
 *   start (noise, an image, an image with a mask)
 *   tokenizers -> text encoders -> conditions
 *   generate (classifierFree) -> VAE -> pictures, by the programs of the folder
 */
import { ArgumentError } from "@gen/math/arguments";
import type { GenerateOptions } from "@gen/sampling";
import { controlConditions } from "../control/control-conditions.ts";
import { callConditions } from "./call-conditions.ts";
import { finisher } from "./finish.ts";
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
  /** Which pictures the safety checker made black; absent where it did not look. */
  readonly unsafe?: readonly boolean[];
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

/** Makes the pictures of a call, whose options are checked. */
export async function makePictures<T, Call extends TextToImageOptions>(
  model: FolderModel<T>,
  call: Call,
  use: Use,
  begin: Begin<T, Call>,
): Promise<Pictures> {
  requireUse(model, use);
  const { torchSeed, seed, sampler, eta, signal } = call;
  if (torchSeed !== undefined && seed !== undefined) {
    throw new ArgumentError("seed must be left out where torchSeed is given");
  }
  const usual = defaultsOf(model.kind, model.text, use);
  const { steps = usual.steps, guidance = usual.guidance, count = 1 } = call;
  const rows = [call.prompt].flat().length * count;
  const { shape, noise } = await begin(model, call, { ...usual, steps, guidance, rows });
  const finish = finisher(model, call, shape);
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
  try {
    const { x, steps: evaluations } = await model.ready.generate({
      shape,
      count: rows,
      steps,
      ...(sampler && { sampler }),
      eta,
      compat: call.compat ?? (torchSeed === undefined ? undefined : "diffusers"),
      seed,
      condition,
      stepConditions: controls.stepConditions,
      ...(unconditional && {
        guidance: { scale: guidance, rescale: call.guidanceRescale, unconditional },
      }),
      noise,
      signal,
      onStep: finish.onStep,
    });
    const pictures = await finish.pictures(x);
    const { warnings = [] } = model.pipeline;
    const notes = [...model.notes, ...warnings, ...conditions.notes, ...finish.notes()];
    return { ...pictures, steps: evaluations, notes };
  } finally {
    await finish.dispose();
  }
}
