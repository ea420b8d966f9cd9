import { type Tensor, trace } from "@gen/graph";
import { type FloatArray, normalNoise } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { type Conditions, namedConditions } from "../denoiser/conditions.ts";
import type { Denoiser } from "../denoiser/denoiser.ts";
import { type ClassifierFreeOptions, classifierFree } from "../guidance/classifier-free.ts";
import { type SchedulerStepsOptions, schedulerSteps } from "../samplers/scheduler-steps.ts";
import { type AbortSignalLike, throwIfAborted } from "./abort-signal-like.ts";
import { callProgram } from "./call-program.ts";
import type { Clip } from "./clip.ts";
import type { DiffusionPipeline, Pipeline, PipelineVae } from "./pipeline.ts";
import type { Progress, SampleOptions, Samples } from "./sample-options.ts";
import { sampler } from "./sampler.ts";

/** How {@link generate} samples. A VAE alone takes `backend`, `count`, `seed` and `signal`. */
export interface GenerateOptions<T = unknown>
  extends Omit<SchedulerStepsOptions, "imageLength">,
    Pick<SampleOptions, "seed" | "condition"> {
  /** A backend, or a promise of one. */
  readonly backend: Backend<T> | PromiseLike<Backend<T>>;
  /** How many samples. @defaultValue 1 */
  readonly count?: number;
  /**
   * Classifier-free guidance: how {@link classifierFree} guides, or its scale alone, where the
   * pipeline's classes tell the label that means none.
   * @defaultValue no guidance
   */
  readonly guidance?: number | ClassifierFreeOptions;
  /** Bounds of the clean estimate. @defaultValue as the scheduler's config says */
  readonly clip?: Clip;
  /**
   * Noise in place of the seed's for a batch of `shape`, such as
   * `(shape, part) => torchNoise(0, shape, part)`.
   */
  readonly noise?: (
    shape: readonly number[],
    part: { readonly firstIndex: number; readonly count: number },
  ) => Pick<SampleOptions, "x" | "noise">;
  /** Stops the run within a step. */
  readonly signal?: AbortSignalLike;
  /** Called after each step of each batch; a promise that it returns is awaited. */
  readonly onStep?: (progress: GenerateProgress) => unknown;
}

/** Where a batch's run is, and the whole. */
export interface GenerateProgress extends Progress {
  /** The share of the whole work that is done, in (0, 1]. */
  readonly done: number;
}

/** Samples `[count, ...]`, row-major: images in [-1, 1] where there is a VAE. */
export interface Generated extends Samples {
  readonly x: Float32Array;
  /** Evaluations of the denoiser for each sample; 0 for a VAE alone. */
  readonly steps: number;
}

/**
 * Draws samples of a pipeline in batches that fit in memory, and decodes them where there is a VAE.
 * The same seed gives the same samples on every backend and for every count.
 *
 * A condition has one row for each sample.
 *
 * `const { x, shape } = await generate(pipeline, { backend, count: 16, sampler: "ddim", steps: 20 })`
 *
 * @throws as a rejection: RangeError or TypeError for an option, the signal's reason.
 */
export async function generate<T>(
  pipeline: Pipeline,
  options: GenerateOptions<T>,
): Promise<Generated> {
  const { count = 1, signal } = options;
  if (!(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`count must be a positive integer, got ${count}`);
  }
  const { shape, vae } = pipeline;
  const source = pipeline.kind === "vae" ? prior(shape, options) : denoised(pipeline, options);
  const decoder = vae && (await decoderOn(await options.backend, vae, shape));
  const item = decoder?.item ?? shape;
  const x = new Float32Array(count * sizeOf(item));
  const batch = batchOf(shape, count);
  try {
    for (let first = 0; first < count; first += batch) {
      throwIfAborted(signal);
      const here = [Math.min(batch, count - first), ...shape];
      const drawn = await source.draw(here, first);
      x.set(decoder ? await decoder.decode(drawn, here) : drawn, first * sizeOf(item));
    }
  } finally {
    await decoder?.dispose();
    await source.dispose();
  }
  return { x, shape: [count, ...item], steps: source.steps };
}

/** Where x comes from: a denoiser's samples, or latents of the prior. */
interface Source {
  readonly steps: number;
  draw(shape: readonly number[], firstIndex: number): Promise<FloatArray> | FloatArray;
  dispose(): Promise<void>;
}

function denoised<T>(pipeline: DiffusionPipeline, options: GenerateOptions<T>): Source {
  const { backend, count = 1, seed, guidance, noise, signal, onStep } = options;
  const { denoiser, scheduler, shape, classes } = pipeline;
  const [, height = 1, width = 1] = shape;
  // diffusers' pipelines count patches of 2 x 2 as an image's tokens.
  const table = schedulerSteps(
    { ...scheduler, predictionType: denoiser.predicts },
    { imageLength: (height * width) / 4, ...options },
  );
  const { steps, clip } = { ...table, ...(options.clip !== undefined && { clip: options.clip }) };
  const guided = guidance === undefined ? denoiser : guide(denoiser, guidance, classes);
  const ready = sampler({ backend, denoiser: guided });
  const run = { steps, clip, seed, signal };
  const all = namedConditions(options.condition, denoiser.condition);
  const conditions = checkedRows(all, count);
  return {
    steps: steps.length,
    async draw(shape, firstIndex) {
      const share = shape[0] / count;
      const done = (step: number) => firstIndex / count + ((step + 1) / steps.length) * share;
      const part = { firstIndex, ...noise?.(shape, { firstIndex, count }) };
      const report = (at: Progress) => onStep?.({ ...at, done: done(at.step) });
      const rows = conditions.map(([name, tensor]) => [name, rowsOf(tensor, firstIndex, shape[0])]);
      const condition = all && Object.fromEntries(rows);
      return (await ready.sample({ ...run, ...part, condition, shape, onStep: report })).x;
    },
    dispose: () => ready.dispose(),
  };
}

/** Conditions with one row for each sample. */
function checkedRows(conditions: Conditions<Tensor> = {}, count: number): [string, Tensor][] {
  const entries = Object.entries(conditions);
  for (const [name, { shape }] of entries) {
    if (shape[0] === count) continue;
    throw new RangeError(`condition ${name} must have ${count} rows, as count, got ${shape[0]}`);
  }
  return entries;
}

function rowsOf({ data, shape, dtype }: Tensor, first: number, count: number): Tensor {
  const size = data.length / shape[0];
  const rows = data.subarray(first * size, (first + count) * size);
  return { data: rows, shape: [count, ...shape.slice(1)], dtype } as Tensor;
}

function guide(
  denoiser: Denoiser,
  guidance: number | ClassifierFreeOptions,
  classes: readonly string[] | undefined,
): Denoiser {
  if (typeof guidance !== "number") return classifierFree(denoiser, guidance);
  if (classes) return classifierFree(denoiser, { scale: guidance, unconditional: classes.length });
  throw new RangeError(
    `guidance must be { scale, unconditional } for a pipeline without classes, got ${guidance}`,
  );
}

/** Standard normal latents, keyed by the seed and their number. */
const prior = <T>(shape: readonly number[], { seed = 0 }: GenerateOptions<T>): Source => ({
  steps: 0,
  draw([batch], firstIndex) {
    const indices = Float64Array.from({ length: batch }, (_, i) => firstIndex + i);
    return normalNoise({ seed, purpose: "prior", indices, size: sizeOf(shape) });
  },
  dispose: () => Promise.resolve(),
});

async function decoderOn<T>(backend: Backend<T>, vae: PipelineVae, latent: readonly number[]) {
  const graph = trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: ["batch", ...latent] } });
  const program = await backend.compile(graph);
  return {
    item: graph.outputs.x.shape.slice(1).map(Number),
    async decode(z: FloatArray, shape: readonly number[]): Promise<FloatArray> {
      const input = { data: Float32Array.from(z), shape };
      return (await callProgram(backend, program, { z: input })).x;
    },
    dispose: () => program.dispose(),
  };
}

/** Samples of a batch, all batches but the last of one size: each size is compiled by itself. */
function batchOf(shape: readonly number[], count: number): number {
  // Numbers of x in a batch of images, which bounds the memory that a UNet takes.
  const imageNumbers = 2 ** 16;
  const most = shape.length === 1 ? 2048 : Math.min(64, Math.max(1, imageNumbers / sizeOf(shape)));
  return Math.ceil(count / Math.ceil(count / Math.floor(most)));
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
