import { resolve } from "node:path";
import type { Backend } from "@gen/runtime-gpu";
import {
  defaultEta,
  defaultSampler,
  type GenerateOptions,
  generate,
  optimalTimesteps,
  type SamplerName,
  schedulerSteps,
  torchNoise,
} from "@gen/sampling";
import { guidedByClassifier } from "../classifier-guidance.ts";
import {
  type ConditionFlags,
  type Conditioning,
  conditionsOf,
  readConditions,
  sampleCount,
} from "../conditions.ts";
import { interrupted, usageError } from "../errors.ts";
import { isEdm } from "../evaluation/open-model.ts";
import { type LoadedPipeline, readModelFolder, shownFolder } from "../model-folder.ts";
import type { CommonOptions } from "../options.ts";
import type { OutputKind } from "../output-kind.ts";
import { readSources } from "../picture-files.ts";
import type { LoraFile } from "../picture-sources.ts";
import { checkShape, openShape, readInit } from "../sample-input.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { checkEta, samplerNames } from "../samplers.ts";
import { unscale } from "../scaling.ts";
import { overrideScheduler, type SchedulerFlags } from "../scheduler-overrides.ts";
import { note, print, progress } from "../terminal.ts";

export interface SampleCommandOptions extends CommonOptions, SchedulerFlags, ConditionFlags {
  readonly model?: string;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
  readonly count?: number;
  readonly grid?: number;
  /** own, mixture, or a folder. */
  readonly prior?: string;
  readonly components?: number;
  readonly data?: string;
  readonly size?: readonly [number, number];
  readonly init?: string;
  readonly torchSeed?: number;
  readonly compat?: "diffusers";
  readonly clip: boolean;
  readonly remote?: string;
  readonly remoteModel?: string;
  readonly resume?: boolean;
  readonly lora?: readonly LoraFile[];
  readonly classifier?: string;
}

/** What a run gets beside the flags. */
export interface SampleRun {
  readonly model: string;
  readonly kind: OutputKind;
  readonly signal: AbortSignal;
}

interface SampleOptions extends SampleCommandOptions, SampleRun {
  readonly model: string;
  readonly opening: Promise<Backend>;
}

/** What `gen sample` draws: its pipeline, its conditions and its table, before a backend is open. */
export async function prepareSamples(
  options: SampleCommandOptions & Pick<SampleRun, "model" | "signal">,
) {
  const { model, seed, torchSeed, eta, steps, clip, signal } = options;
  const init = options.init === undefined ? undefined : await readInit(options.init);
  const shape = openShape(options.size, init?.item);
  const arrays = await readConditions(options);
  const { loras } = await readSources({ loras: options.lora });
  const count = sampleCount(options, arrays, init);
  let given: Conditioning = { condition: {} };
  const loaded = await readModelFolder(model, {
    shape,
    signal,
    backend: options.backend,
    loras,
    conditions(pipeline) {
      const own = options.classifier
        ? { ...options, class: undefined, guidance: undefined }
        : options;
      given = conditionsOf(own, arrays, pipeline, { count, model: shownFolder(model) });
      return given.condition;
    },
  });
  const { pipeline: plain, notes } = overrideScheduler(loaded, options);
  let pipeline = plain;
  if (options.classifier !== undefined)
    ({ pipeline, given } = await guidedByClassifier(plain, options.classifier, options, count));
  checkShape(options, init, pipeline.shape);
  if (options.spacing === "optimal" && isEdm(pipeline.scheduler))
    throw usageError("--spacing must be left out: EDM's noise levels are no steps of a schedule");
  const sampler = options.sampler ?? defaultSampler(pipeline.scheduler);
  const named = samplerNames.find((name) => name === sampler);
  checkEta(eta, named);
  const compat = options.compat ?? (torchSeed === undefined ? undefined : "diffusers");
  const choices = { ...(options.sampler && { sampler: options.sampler }), steps, eta, compat };
  if (options.spacing !== "optimal") notes.push(...notesOf(pipeline, choices));
  notes.push(...(pipeline.warnings ?? []));
  const presetEta = named && defaultEta(named);
  return {
    ...{ count, pipeline, notes, sampler },
    /** What `generate` takes beside the backend. */
    async drawing(backend: Backend) {
      const spacing =
        options.spacing === "optimal"
          ? await optimalSpacing(pipeline, { backend, seed, steps: steps ?? 20, signal })
          : undefined;
      const noise: GenerateOptions["noise"] =
        torchSeed === undefined ? init?.noise : (shape, part) => torchNoise(torchSeed, shape, part);
      return {
        ...{ count, ...choices, seed, noise },
        ...(spacing && { spacing, steps: spacing.length }),
        ...(Object.keys(given.condition).length > 0 && given),
        ...(!clip && { clip: false as const }),
      };
    },
    /** What is said of the samples that were drawn in so many steps. */
    facts: (steps: number) => ({
      ...{ sampler, steps },
      ...(presetEta !== undefined && { eta: eta ?? presetEta }),
      ...(options.class && { class: options.class }),
      ...(given.guidance && { guidance: given.guidance.scale }),
      ...(torchSeed === undefined ? { seed } : { torchSeed }),
    }),
  };
}

/** Runs `gen sample`. */
export async function runSample(options: SampleOptions): Promise<void> {
  const { out, kind, signal, opening } = options;
  const { count, pipeline, notes, sampler, drawing, facts } = await prepareSamples(options);
  checkOutput(out, kind, count, pipeline);
  notes.forEach(note);
  const backend = await opening;
  try {
    const drawn = await drawing(backend);
    const line = progress(`${sampler.toUpperCase()} on ${backend.name}`);
    const started = performance.now();
    const samples = await generate(pipeline, {
      ...drawn,
      backend,
      signal,
      onStep: ({ done, steps }) => line.update(done * steps, steps),
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw interrupted("the samples were done");
    });
    const seconds = (performance.now() - started) / 1000;
    if (pipeline.scaling) unscale(samples.x, pipeline.scaling);
    line.finish(`${samples.steps} steps`);
    await writeSamples(out, kind, samples);
    print(
      options.json,
      {
        out: resolve(out),
        shape: samples.shape,
        ...facts(samples.steps),
        seconds,
        backend: backend.name,
      },
      [`${count} ${count === 1 ? "sample is" : "samples are"} in ${out}`],
    );
  } finally {
    await backend.close();
  }
}

/** Where the table that will be sampled differs from the scheduler's class or passes over its fields. */
function notesOf(
  { scheduler, denoiser, shape }: LoadedPipeline,
  choices: Pick<GenerateOptions, "sampler" | "steps" | "eta" | "compat">,
): readonly string[] {
  const [, height = 1, width = 1] = shape;
  const config = { ...scheduler, predictionType: denoiser.predicts };
  try {
    return schedulerSteps(config, { imageLength: (height * width) / 4, ...choices }).notes;
  } catch (error) {
    if (error instanceof RangeError) throw usageError(error.message, { cause: error });
    throw error;
  }
}

/** The time steps of `optimalTimesteps`, with progress. */
async function optimalSpacing(
  { denoiser, scheduler, shape }: LoadedPipeline,
  options: { backend: Backend; seed: number; steps: number; signal: AbortSignal },
): Promise<readonly number[]> {
  const line = progress("Looking for the best steps");
  const { schedule } = scheduler;
  const { steps } = options;
  if (steps > schedule.length) {
    throw usageError(
      `--steps must be at most ${schedule.length} with --spacing optimal, got ${steps}`,
    );
  }
  const fine = Math.min(Math.max(100, steps), schedule.length);
  const list = await optimalTimesteps({
    ...options,
    denoiser,
    schedule,
    shape: [16, ...shape],
    fine,
    onProgress: (done) => line.update(done * fine, fine),
  });
  line.finish(`steps ${list.join(", ")}`);
  return list;
}
