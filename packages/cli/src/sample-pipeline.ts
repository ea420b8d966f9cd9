import { trace } from "@gen/graph";
import { type Backend, callProgram } from "@gen/runtime-gpu";
import {
  type Progress,
  type SampleOptions,
  type SchedulerStepsOptions,
  sampler,
  schedulerSteps,
  torchNoise,
} from "@gen/sampling";
import { naming } from "./errors.ts";
import type { LoadedPipeline } from "./model-folder.ts";
import { unscale } from "./scaling.ts";

/** Which sampler goes from noise to data, and how. */
export interface SamplingChoice extends SchedulerStepsOptions {
  /** Bounds the clean estimate as the scheduler says. @defaultValue true */
  readonly clip?: boolean;
}

/** Samples of a pipeline: images in [-1, 1], or points. */
export interface PipelineSamples {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  /** Network evaluations for each sample. */
  readonly steps: number;
}

export interface SamplePipelineOptions extends Pick<SampleOptions, "signal" | "x"> {
  readonly backend: Backend;
  readonly pipeline: LoadedPipeline;
  readonly choice: SamplingChoice;
  readonly count: number;
  readonly seed: number;
  /** Takes all noise from PyTorch's generator of this seed instead. */
  readonly torchSeed?: number;
  readonly onStep?: (done: number, total: number) => void;
}

// Numbers of x in a batch of images, which bounds the memory of what a UNet makes of it.
const imageNumbers = 2 ** 16;

/** Samples that are made at once; changes speed and memory alone. */
function batchOf(shape: readonly number[], count: number): number {
  const size = shape.reduce((a, b) => a * b, 1);
  const most = shape.length === 1 ? 2048 : Math.min(64, Math.max(1, imageNumbers / size));
  // Batches of one size, but for the last: each size is compiled by itself.
  return Math.ceil(count / Math.ceil(count / Math.floor(most)));
}

/** Patches of 2 x 2 in a sample, by which diffusers' pipelines measure an image. */
const tokensOf = ([, height = 1, width = 1]: readonly number[]) => (height * width) / 4;

/** Draws `count` samples, decodes them where there is a VAE, and takes points back to their units. */
export async function samplePipeline(options: SamplePipelineOptions): Promise<PipelineSamples> {
  const { backend, pipeline, choice, count, seed, torchSeed, signal, onStep } = options;
  const { denoiser, scheduler, shape, item, scaling, vae } = pipeline;
  const imageLength = tokensOf(shape);
  const { steps, clip } = naming("the sampler", () =>
    schedulerSteps(scheduler, { imageLength, ...choice }),
  );
  const size = shape.reduce((a, b) => a * b, 1);
  const out = new Float32Array(count * item.reduce((a, b) => a * b, 1));
  const batch = batchOf(shape, count);
  const initial = options.x && Float64Array.from(options.x);
  const denoise = sampler({ backend, denoiser });
  const decoder =
    vae &&
    (await backend.compile(
      trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: ["batch", ...shape] } }),
    ));
  const decoded = async (x: ArrayLike<number>, here: number): Promise<ArrayLike<number>> => {
    if (!decoder) return x;
    const z = { data: Float32Array.from(x), shape: [here, ...shape] };
    return (await callProgram(backend, decoder, { z })).x;
  };
  try {
    for (let first = 0; first < count; first += batch) {
      const here = Math.min(batch, count - first);
      const { x } = await denoise.sample({
        steps,
        shape: [here, ...shape],
        seed,
        firstIndex: first,
        x: initial?.subarray(first * size, (first + here) * size),
        ...(torchSeed !== undefined &&
          torchNoise(torchSeed, [here, ...shape], { firstIndex: first, count })),
        clip: choice.clip !== false && clip,
        signal,
        onStep: ({ step }: Progress) =>
          onStep?.((first * steps.length) / count + ((step + 1) * here) / count, steps.length),
      });
      out.set(await decoded(x, here), (first * out.length) / count);
    }
  } finally {
    await decoder?.dispose();
    await denoise.dispose();
  }
  if (scaling) unscale(out, scaling);
  return { data: out, shape: [count, ...item], steps: steps.length };
}
