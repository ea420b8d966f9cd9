import { type Tensor, trace } from "@gen/graph";
import { type FloatArray, GenError, normalNoise } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules, shown } from "@gen/math/arguments";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { numpyLinspace } from "@gen/schedules";
import { fixedBatch } from "../denoiser/batch.ts";
import { type Conditions, namedConditions } from "../denoiser/conditions.ts";
import type { Denoiser } from "../denoiser/denoiser.ts";
import { notFiniteAt, sizeOf } from "../denoiser/shapes.ts";
import { type ClassifierFreeOptions, classifierFree } from "../guidance/classifier-free.ts";
import {
  defaultSampler,
  type SchedulerSteps,
  type SchedulerStepsOptions,
  schedulerSteps,
} from "../scheduler/scheduler-steps.ts";
import { CLIP, type Clip } from "./clip.ts";
import { throwIfAborted } from "./loop.ts";
import type { DiffusionPipeline, Pipeline, PipelineVae } from "./pipeline.ts";
import { BACKEND, opened } from "./run-rules.ts";
import type { AbortSignalLike, Progress, SampleOptions, Samples } from "./sample-options.ts";
import { sampler } from "./sampler.ts";

/** The options of {@link generate}. A VAE alone uses `backend`, `count`, `seed` and `signal`. */
export interface GenerateOptions<T = unknown>
  extends Omit<SchedulerStepsOptions, "imageLength">,
    Pick<SampleOptions, "seed" | "condition"> {
  /** A backend, or a promise of a backend. */
  readonly backend: Backend<T> | PromiseLike<Backend<T>>;
  /** The number of samples. @defaultValue 1 */
  readonly count?: number;
  /**
   * Classifier-free guidance: the options of {@link classifierFree}, or the scale alone if the
   * pipeline has classes, whose number is then the label that means none.
   * @defaultValue no guidance
   */
  readonly guidance?: number | ClassifierFreeOptions;
  /** Bounds of the clean estimate. @defaultValue the bounds of the scheduler's config */
  readonly clip?: Clip;
  /**
   * Noise for a batch of `shape` in place of the seed's noise, such as
   * `(shape, part) => torchNoise(0, shape, part)`.
   */
  readonly noise?: (
    shape: readonly number[],
    part: { readonly firstIndex: number; readonly count: number },
  ) => Pick<SampleOptions, "x" | "noise">;
  /** Changes the samples `[batch, ...]` of a batch, from number `firstIndex` on, before they are decoded. */
  readonly finish?: (x: FloatArray, part: { readonly firstIndex: number }) => FloatArray;
  /** Conditions that change from step to step, for row `row` of the table's `rows`, by name. */
  readonly stepConditions?: (row: number, rows: number) => Conditions<Tensor>;
  /** Stops the run within a step. */
  readonly signal?: AbortSignalLike;
  /** Called after each step of each batch; a returned promise is awaited. */
  readonly onStep?: (progress: GenerateProgress) => unknown;
}

/** The state of a batch's run and of the whole work. */
export interface GenerateProgress extends Progress {
  /** The done share of the whole work, in (0, 1]. */
  readonly done: number;
  /** The number of the batch's first sample. */
  readonly firstIndex: number;
}

/** Samples `[count, ...]`, row-major: images in [-1, 1] if the pipeline has a VAE. */
export interface Generated extends Samples {
  readonly x: Float32Array;
  /** Evaluations of the denoiser for each sample; 0 for a VAE alone. */
  readonly steps: number;
}

/**
 * Draws samples of a pipeline in batches that fit in memory, and decodes the samples if there is a
 * VAE. The same seed gives the same samples on every backend and for every count.
 *
 * A condition has a row for each sample, or one row for all.
 *
 * `const { x } = await generate(pipeline, { backend, count: 16, sampler: "ddim", steps: 20 })`
 *
 * @throws as a rejection: RangeError for an option, GenError `not-finite` when the
 * samples become NaN or infinite, the signal's reason.
 */
export async function generate<T>(
  pipeline: Pipeline,
  options: GenerateOptions<T>,
): Promise<Generated> {
  checkArguments({ pipeline }, { pipeline: PIPELINE });
  checkArguments({ pipeline }, { pipeline: PIPELINES[pipeline.kind] });
  checkOptions(options, {
    backend: BACKEND,
    count: rules.optional(rules.COUNT),
    sampler: rules.optional(rules.TEXT),
    steps: rules.optional(rules.ANY_NUMBER),
    clip: rules.optional(CLIP),
    seed: rules.optional(rules.SEED),
    guidance: rules.optional(rules.either(rules.NUMBER, rules.OBJECT)),
    noise: rules.optional(rules.FUNCTION),
    finish: rules.optional(rules.FUNCTION),
    stepConditions: rules.optional(rules.FUNCTION),
    signal: rules.optional(rules.OBJECT),
    onStep: rules.optional(rules.FUNCTION),
  });
  const { count = 1, signal } = options;
  const { shape, vae } = pipeline;
  const source = pipeline.kind === "vae" ? prior(shape, options) : denoised(pipeline, options);
  const decoder = vae && (await decoderOn(await opened(options.backend), vae, shape));
  const item = decoder?.item ?? shape;
  const x = new Float32Array(count * sizeOf(item));
  const batch = batchOf(shape, count, source.batch);
  try {
    for (let first = 0; first < count; first += batch) {
      throwIfAborted(signal);
      const here = [Math.min(batch, count - first), ...shape];
      const drawn = await source.draw(here, first);
      x.set(decoder ? await decoder.decode(drawn, here[0]) : drawn, first * sizeOf(item));
    }
  } finally {
    await decoder?.dispose();
    await source.dispose();
  }
  return { x, shape: [count, ...item], steps: source.steps };
}

const parts = { decode: rules.FUNCTION, parameters: rules.LIST };
const VAE = rules.having("a VAE, such as pipelineVae gives", parts);

const PIPELINE = rules.having("a pipeline { kind, shape }, such as loadPipeline gives", {
  kind: rules.oneOf("diffusion", "vae"),
  shape: rules.SIZES,
});

const PIPELINES = {
  diffusion: rules.having("a pipeline { kind, denoiser, scheduler, shape }", {
    kind: rules.oneOf("diffusion"),
    denoiser: rules.DENOISER,
    scheduler: rules.having("{ schedule }", { schedule: rules.SCHEDULE }),
    vae: rules.optional(VAE),
  }),
  vae: rules.having("a pipeline { kind: vae, vae, shape }", { vae: VAE }),
};

/** The source of x: a denoiser's samples. */
function denoised<T>(pipeline: DiffusionPipeline, options: GenerateOptions<T>) {
  const { backend, count = 1, seed, guidance, noise, signal, onStep } = options;
  const { denoiser, classes } = pipeline;
  const table = tableOf(pipeline, options);
  const guided = guidance === undefined ? denoiser : guide(denoiser, guidance, classes);
  const ready = sampler({ backend, denoiser: guided });
  const { steps, clip, initialScale } = table;
  const { stepConditions: at } = options;
  const stepConditions = at && ((row: number) => at(row, steps.length));
  const run = { steps, clip: options.clip ?? clip, initialScale, seed, signal, stepConditions };
  const conditionRows = rowsOf(namedConditions(options.condition, denoiser.condition), count);
  return {
    steps: steps.length,
    batch: guided.batch,
    async draw(shape: readonly number[], firstIndex: number): Promise<FloatArray> {
      const share = shape[0] / count;
      const done = (step: number) => firstIndex / count + ((step + 1) / steps.length) * share;
      const part = { firstIndex, ...noise?.(shape, { firstIndex, count }) };
      const report = (at: Progress) => onStep?.({ ...at, done: done(at.step), firstIndex });
      const condition = conditionRows(firstIndex, shape[0]);
      const { x } = await ready.sample({ ...run, ...part, condition, shape, onStep: report });
      return options.finish?.(x, { firstIndex }) ?? x;
    },
    dispose: () => ready.dispose(),
  };
}

/**
 * The table that {@link generate} takes for a pipeline, with its levels' sigmas.
 *
 * @throws RangeError as {@link schedulerSteps} does.
 */
export function pipelineSteps(
  pipeline: DiffusionPipeline,
  options: Omit<SchedulerStepsOptions, "imageLength"> = {},
): SchedulerSteps {
  checkArguments({ pipeline, options }, { pipeline: PIPELINE, options: rules.OBJECT });
  checkArguments({ pipeline }, { pipeline: PIPELINES.diffusion });
  return tableOf(pipeline, options);
}

function tableOf(pipeline: DiffusionPipeline, options: SchedulerStepsOptions): SchedulerSteps {
  const { denoiser, scheduler, shape } = pipeline;
  const [, height = 1, width = 1] = shape;
  // diffusers' pipelines count patches of 2 x 2 as an image's tokens.
  return schedulerSteps(
    { ...scheduler, predictionType: denoiser.predicts },
    { imageLength: (height * width) / 4, ...withSigmas(pipeline, options) },
  );
}

/** Parts of conditions that have a row for each of `count` samples, or one row for all. */
function rowsOf(conditions: Conditions<Tensor> | undefined, count: number) {
  const entries = Object.entries(conditions ?? {});
  for (const [name, { shape }] of entries) {
    if (shape[0] === count || shape[0] === 1) continue;
    throw new ArgumentError(`condition ${name} must have ${count} rows, as count, got ${shape[0]}`);
  }
  return (first: number, rows: number): Conditions<Tensor> | undefined => {
    const parts = entries.map(([name, value]) => {
      const { data, shape, dtype } = value;
      if (shape[0] === 1) return [name, value];
      const size = data.length / count;
      const part = data.subarray(first * size, (first + rows) * size);
      return [name, { data: part, shape: [rows, ...shape.slice(1)], dtype }];
    });
    return conditions && Object.fromEntries(parts);
  };
}

/** The options with a pipeline's own sigmas, unless they choose time steps or another sampler. */
function withSigmas<O extends SchedulerStepsOptions>(
  { sigmas, scheduler }: Pick<DiffusionPipeline, "sigmas" | "scheduler">,
  options: O,
): O {
  const { sampler, timesteps, spacing, steps = 20 } = options;
  const isOwn = sampler === undefined || sampler === defaultSampler(scheduler);
  if (!sigmas || !isOwn || options.sigmas || timesteps || spacing) return options;
  return { ...options, steps: undefined, sigmas: numpyLinspace(1, 1 / steps, steps) };
}

function guide(
  denoiser: Denoiser,
  guidance: number | ClassifierFreeOptions,
  classes: readonly string[] | undefined,
): Denoiser {
  if (typeof guidance !== "number") return classifierFree(denoiser, guidance);
  if (classes) return classifierFree(denoiser, { scale: guidance, unconditional: classes.length });
  throw new ArgumentError(
    `guidance must be { scale, unconditional } for a pipeline without classes, got ${shown(guidance)}`,
  );
}

/** The source of a VAE's latents: standard normal, keyed by the seed and the sample's number. */
const prior = <T>(shape: readonly number[], { seed = 0 }: GenerateOptions<T>) => ({
  steps: 0,
  batch: undefined,
  async draw([batch]: readonly number[], firstIndex: number): Promise<FloatArray> {
    const indices = Float64Array.from({ length: batch }, (_, i) => firstIndex + i);
    return normalNoise({ seed, purpose: "prior", indices, size: sizeOf(shape) });
  },
  dispose: async () => undefined,
});

async function decoderOn<T>(backend: Backend<T>, vae: PipelineVae, latent: readonly number[]) {
  const batch = fixedBatch(vae.batch) ?? "batch";
  const graph = trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: [batch, ...latent] } });
  const program = await backend.compile(graph);
  const item = graph.outputs.x.shape.slice(1).map(Number);
  return {
    item,
    /** Decodes `rows` latents, in parts of the batch that the decoder is fixed to. */
    async decode(z: FloatArray, rows: number): Promise<FloatArray> {
      const [size, rowsOfPart] = [sizeOf(latent), typeof batch === "number" ? batch : rows];
      const x = new Float32Array(rows * sizeOf(item));
      for (let first = 0; first < rows; first += rowsOfPart) {
        const data = new Float32Array(rowsOfPart * size);
        data.set(z.subarray(first * size, (first + rowsOfPart) * size));
        const input = { data, shape: [rowsOfPart, ...latent] };
        const decoded = (await callProgram(backend, program, { z: input })).x;
        x.set(decoded.subarray(0, (rows - first) * sizeOf(item)), first * sizeOf(item));
      }
      const bad = notFiniteAt(x);
      if (bad < 0) return x;
      throw new GenError(
        "not-finite",
        `the VAE's decoder gives ${x[bad]} at index ${bad} for finite latents: check its weights, and its type if it is float16`,
      );
    },
    dispose: () => program.dispose(),
  };
}

/**
 * Samples in a batch, `fixed` if the denoiser fixes them. All batches but the last have one size,
 * as each size is compiled anew.
 */
function batchOf(shape: readonly number[], count: number, fixed: number | undefined): number {
  if (fixed !== undefined) return fixed;
  // The numbers of x in a batch of images bound the memory of a UNet.
  const imageNumbers = 2 ** 16;
  const most = shape.length === 1 ? 2048 : Math.min(64, Math.max(1, imageNumbers / sizeOf(shape)));
  return Math.ceil(count / Math.ceil(count / Math.floor(most)));
}
