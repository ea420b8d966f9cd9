/*
 * Samples of a pipeline, in batches that fit in memory:
 *
 *   denoiser's samples (or a VAE's latents) -> VAE's decoder -> x
 *
 *   const ready = pipelineSampler(pipeline, { backend });    // generate() is one call of it
 */
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { sizeOf } from "../denoiser/shapes.ts";
import type { SchedulerSteps, SchedulerStepsOptions } from "../scheduler/scheduler-steps.ts";
import { CLIP } from "./clip.ts";
import type { Generated, GenerateOptions } from "./generate-options.ts";
import { latest } from "./latest.ts";
import { throwIfAborted } from "./loop.ts";
import type { DiffusionPipeline, Pipeline } from "./pipeline.ts";
import { denoised, prior, tableOf } from "./pipeline-source.ts";
import { BACKEND, opened } from "./run-rules.ts";
import type { Sampler } from "./sampler.ts";
import { type VaeDecoder, vaeDecoder } from "./vae-decoder.ts";

/** A pipeline ready to draw: its programs are compiled once and kept. */
export interface PipelineSampler {
  /**
   * As the function {@link generate}. Calls run one after another.
   *
   * @param options Count, seed, sampler, steps and the rest, but the backend. Default: one sample.
   */
  generate(options?: Omit<GenerateOptions, "backend">): Promise<Generated>;
  /** Frees the programs, after the calls under way. */
  dispose(): Promise<void>;
}

/**
 * Draws samples of a pipeline in batches that fit in memory, and decodes the samples if there is a
 * VAE. The same seed gives the same samples on every backend and for every count.
 *
 * A condition has a row for each sample, or one row for all.
 *
 * `const { x } = await generate(pipeline, { backend, count: 16, sampler: "ddim", steps: 20 })`
 *
 * @param pipeline The model, of a folder or of training.
 * @param options The backend, and what to draw and how.
 * @throws as a rejection: RangeError for an option, GenError `not-finite` when the
 * samples become NaN or infinite, the signal's reason.
 */
export async function generate<T>(
  pipeline: Pipeline,
  options: GenerateOptions<T>,
): Promise<Generated> {
  const ready = pipelineSampler(pipeline, options);
  try {
    return await ready.generate(options);
  } finally {
    await ready.dispose();
  }
}

/**
 * {@link generate} for several calls. The programs of the latest shape, batch and guidance are kept.
 * Other values of conditions need no new program.
 *
 * `const ready = pipelineSampler(pipeline, { backend })`
 *
 * @param pipeline The model, of a folder or of training.
 * @param options The backend, or a promise of it.
 * @throws RangeError when there is no pipeline or no backend.
 */
export function pipelineSampler<T>(
  pipeline: Pipeline,
  options: Pick<GenerateOptions<T>, "backend">,
): PipelineSampler {
  checkArguments({ pipeline }, { pipeline: PIPELINE });
  checkArguments({ pipeline }, { pipeline: PIPELINES[pipeline.kind] });
  checkOptions(options, { backend: BACKEND });
  const { backend } = options;
  const kept = { denoiser: latest<Sampler>(), decoder: latest<VaeDecoder>() };
  const draw = async (given: Omit<GenerateOptions, "backend">): Promise<Generated> => {
    const options = { ...given, backend };
    const { count = 1, signal, shape = pipeline.shape } = options;
    const { vae } = pipeline;
    const source =
      pipeline.kind === "vae"
        ? prior(shape, options)
        : denoised({ ...pipeline, shape }, options, kept.denoiser);
    const decoder =
      vae &&
      (await kept.decoder.get(`${shape}`, async () =>
        vaeDecoder(await opened(backend), vae, shape),
      ));
    const item = decoder?.item ?? shape;
    const { batch } = source;
    const [begin, end] = (options.part ?? [0, count]).map((at) =>
      Math.min(count, batch * Math.ceil(at / batch)),
    );
    const rows = Math.max(0, end - begin);
    const x = new Float32Array(rows * sizeOf(item));
    for (let first = begin; first < end; first += batch) {
      throwIfAborted(signal);
      const here = [Math.min(batch, count - first), ...shape];
      const drawn = await source.draw(here, first);
      x.set(decoder ? await decoder.decode(drawn, here[0]) : drawn, (first - begin) * sizeOf(item));
    }
    return { x, shape: [rows, ...item], steps: source.steps };
  };
  let last: Promise<unknown> = Promise.resolve();
  /** Runs `work` after all earlier work. */
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    async generate(options = {}) {
      checkOptions(options, {
        count: rules.optional(rules.COUNT),
        shape: rules.optional(rules.SIZES),
        sampler: rules.optional(rules.TEXT),
        steps: rules.optional(rules.ANY_NUMBER),
        clip: rules.optional(CLIP),
        part: rules.optional(PART),
        seed: rules.optional(rules.SEED),
        guidance: rules.optional(rules.either(rules.NUMBER, rules.OBJECT)),
        noise: rules.optional(rules.FUNCTION),
        finish: rules.optional(rules.FUNCTION),
        stepConditions: rules.optional(rules.FUNCTION),
        signal: rules.optional(rules.OBJECT),
        onStep: rules.optional(rules.FUNCTION),
      });
      return inTurn(async () => {
        try {
          return await draw(options);
        } finally {
          await Promise.all(Object.values(kept).map(({ freeOlder }) => freeOlder()));
        }
      });
    },
    dispose: () =>
      inTurn(async () => {
        await Promise.all(Object.values(kept).map(({ dispose }) => dispose()));
      }),
  };
}

/**
 * The table that {@link generate} takes for a pipeline, with its levels' sigmas.
 *
 * @param pipeline The model, of a folder or of training.
 * @param options Sampler, steps and the class's other options. Default: the class's own.
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

const PART: rules.Rule = [
  "[from, to] of samples",
  (value) => Array.isArray(value) && value.length === 2 && value.every(rules.INDEX[1]),
];

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
