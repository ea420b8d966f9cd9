import { isFloat, type Tensor, tensor } from "@gen/graph";
import { type ImageModel, loadPipeline, openImageModel } from "@gen/pipeline";
import type { Backend } from "@gen/runtime-gpu";
import { type GenerateOptions, type Pipeline, pipelineSampler, torchNoise } from "@gen/sampling";
import type { ModelSource } from "./model-source.ts";
import type { Pixels, RunProgress, RunRequest, Way } from "./model-work.ts";
import { imageOf, pixelsOf } from "./pixels.ts";

/** A model ready to make pictures. */
export interface RunningModel {
  make(request: RunRequest, heed: Heed): Promise<Made>;
  dispose(): Promise<void>;
}

/** What a run heeds. */
interface Heed {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RunProgress) => void;
}

/** Samples in [-1, 1]. */
interface Made {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  readonly steps: number;
  readonly notes: readonly string[];
}

/** Loads a model and opens its large files for ONNX Runtime, or reads them for another backend. */
export async function loadRunning(
  { read }: ModelSource,
  way: Way,
  backend: Backend,
): Promise<RunningModel> {
  const isOnnx = backend.name.startsWith("onnx");
  const reading = { open: read.open, ...(!isOnnx && { wholeAbove: Number.POSITIVE_INFINITY }) };
  if (way === "prompt") return ofPrompts(await openImageModel(read, { ...reading, backend }));
  const pipeline: Pipeline =
    way === "decoder"
      ? await loadPipeline(read, { ...reading, kind: "vae" })
      : await loadPipeline(read, reading);
  return ofNoise(pipeline, backend);
}

/** The least milliseconds between two previews, which cost a reading of the device. */
const PREVIEW_INTERVAL = 120;

/** Reports the steps of a run with previews of the clean estimate. */
function stepReports<P extends StepFacts>(
  onProgress: Heed["onProgress"],
  preview: (progress: P) => Promise<Pixels>,
) {
  const started = performance.now();
  let last = 0;
  return async (progress: P): Promise<void> => {
    const { done } = progress;
    const now = performance.now();
    const isDue = now - last >= PREVIEW_INTERVAL || done === 1;
    const secondsLeft = ((now - started) / 1000) * (1 / done - 1);
    const { step, steps } = progress;
    const shown = isDue ? await preview(progress) : undefined;
    if (isDue) last = performance.now();
    onProgress({ doing: "steps", step: step + 1, steps, secondsLeft, preview: shown });
  };
}

interface StepFacts {
  readonly done: number;
  readonly step: number;
  readonly steps: number;
}

/** The milliseconds that the decoder may take for a preview. A linear map takes its place. */
const QUICK = 400;

type PictureStep = Parameters<NonNullable<Parameters<ImageModel["textToImage"]>[0]["onStep"]>>[0];

function ofPrompts(model: ImageModel): RunningModel {
  let isQuick = Math.max(...model.size) <= 256;
  let isCompiled = false;
  return {
    async make(request, { signal, onProgress }) {
      const { prompt, negativePrompt, steps, guidance, size, seed, torch, start, strength } =
        request;
      const call = {
        prompt,
        ...(negativePrompt !== "" && { negativePrompt }),
        ...(torch ? { torchSeed: seed } : { seed }),
        ...{ steps, guidance, signal },
        onStep: stepReports<PictureStep>(onProgress, async (progress) => {
          const started = performance.now();
          const { images: data, shape } = await (isQuick ? progress.decode() : progress.preview());
          // The first call compiles the decoder, which the picture needs anyway.
          isQuick &&= !isCompiled || performance.now() - started < QUICK;
          isCompiled = true;
          return pixelsOf({ data, shape });
        }),
      };
      const { images, shape, ...made } = await (start
        ? model.imageToImage({ ...call, image: imageOf(start), strength })
        : model.textToImage({ ...call, size }));
      return { data: images, shape, ...made };
    },
    dispose: () => model.dispose(),
  };
}

function ofNoise(pipeline: Pipeline, backend: Backend): RunningModel {
  const ready = pipelineSampler(pipeline, { backend });
  return {
    async make({ seed, torch, steps, guidance, classLabel }, { signal, onProgress }) {
      const shape = [1, ...pipeline.shape];
      const isDecoder = pipeline.kind === "vae";
      const options: Omit<GenerateOptions, "backend"> = isDecoder
        ? { seed, signal }
        : {
            ...{ steps, signal, condition: conditionOf(pipeline, classLabel) },
            ...(pipeline.classes && guidance !== undefined && guidance > 1 && { guidance }),
            ...(torch
              ? {
                  compat: "diffusers",
                  noise: (batch, part) => torchNoise(seed, batch, part),
                }
              : { seed }),
            onStep: stepReports(onProgress, async ({ x0 }) =>
              pixelsOf({ data: Float32Array.from(await x0()), shape }),
            ),
          };
      const made = await ready.generate(options);
      return { data: made.x, shape: made.shape, steps: made.steps, notes: pipeline.warnings ?? [] };
    },
    dispose: () => ready.dispose(),
  };
}

/** The label of a class by the name that the denoiser gives it. */
function conditionOf(
  { denoiser }: Extract<Pipeline, { kind: "diffusion" }>,
  label: number,
): Record<string, Tensor> | undefined {
  const names = Object.entries(denoiser.condition ?? {});
  const [name] =
    names.find(([, { shape, dtype = "float32" }]) => shape.length === 1 && !isFloat(dtype)) ?? [];
  return name === undefined ? undefined : { [name]: tensor([label], [1], "int64") };
}
