import { ddimSteps } from "@gen/ddim";
import { ddpmSteps } from "@gen/ddpm";
import { trace } from "@gen/graph";
import type { Backend } from "@gen/runtime-gpu";
import {
  type Pipeline,
  type Progress,
  type SampleOptions,
  type Step,
  sampler,
} from "@gen/sampling";

/** Which sampler goes from noise to data, and how. */
export interface SamplingChoice {
  readonly sampler: "ddpm" | "ddim";
  /** Every training step for DDPM and 20 for DDIM unless told. */
  readonly steps?: number;
  /** DDIM only; 0 unless told. */
  readonly eta?: number;
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
  readonly pipeline: Pipeline;
  readonly choice: SamplingChoice;
  readonly count: number;
  readonly seed: number;
  /** Bounds the clean estimate as the scheduler says; true unless told. */
  readonly clip?: boolean;
  /** Samples that are made at once; changes speed and memory alone. */
  readonly batch?: number;
  readonly onStep?: (done: number, total: number) => void;
}

/** The table of a choice on a pipeline's schedule. */
export function stepsOf(
  { scheduler, denoiser }: Pipeline,
  { sampler, steps, eta = 0 }: SamplingChoice,
): Step[] {
  const { schedule, spacing, offset } = scheduler;
  const options = { predicts: denoiser.predicts, spacing, offset };
  if (sampler === "ddim")
    return ddimSteps(schedule, { ...options, steps: steps ?? Math.min(20, schedule.length), eta });
  return ddpmSteps(schedule, { ...options, steps });
}

/** Draws `count` samples and decodes them where the pipeline has a VAE. */
export async function samplePipeline(options: SamplePipelineOptions): Promise<PipelineSamples> {
  const {
    backend,
    pipeline,
    choice,
    count,
    seed,
    signal,
    clip = true,
    batch = 64,
    onStep,
  } = options;
  const { denoiser, scheduler, shape, vae } = pipeline;
  const steps = stepsOf(pipeline, choice);
  const size = shape.reduce((a, b) => a * b, 1);
  const item = vae ? vae.image : shape;
  const out = new Float32Array(count * item.reduce((a, b) => a * b, 1));
  const denoise = sampler({ backend, denoiser });
  const decoder =
    vae &&
    (await backend.compile(
      trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: ["batch", ...shape] } }),
    ));
  try {
    for (let first = 0; first < count; first += batch) {
      const here = Math.min(batch, count - first);
      const { x } = await denoise.sample({
        steps,
        shape: [here, ...shape],
        seed,
        firstIndex: first,
        x: options.x && Float32Array.from(options.x).subarray(first * size, (first + here) * size),
        clip: clip && scheduler.clip !== null ? scheduler.clip : false,
        signal,
        onStep: ({ step }: Progress) =>
          onStep?.((first * steps.length) / count + ((step + 1) * here) / count, steps.length),
      });
      let values: ArrayLike<number> = x;
      if (decoder) {
        const z = backend.upload(Float32Array.from(x), [here, ...shape]);
        const made = await decoder.run({ z });
        values = await backend.download(made.x);
        backend.dispose(z, made.x);
      }
      out.set(values, (first * out.length) / count);
    }
  } finally {
    await decoder?.dispose();
    await denoise.dispose();
  }
  return { data: out, shape: [count, ...item], steps: steps.length };
}
