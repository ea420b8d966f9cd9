import type { Dataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { pipelineFiles } from "@gen/pipeline";
import type { Backend } from "@gen/runtime-gpu";
import { denoiser, type PipelineVae } from "@gen/sampling";
import { pipelineVae, trainVae, type Vae } from "@gen/vae";
import {
  buildDenoiser,
  buildSchedule,
  buildVae,
  type DdpmSettings,
  isImages,
  learningRateOf,
  type VaeSettings,
} from "./models.ts";
import { type Trained, type TrainingJob, trainModel } from "./train-model.ts";

const averaging = 0.999;

interface JobOptions extends Pick<TrainingJob, "folder" | "signal" | "force" | "reuse" | "label"> {
  readonly backend: Backend;
  readonly dataset: Dataset;
  /** Tells the data apart from others of the same name; for files, which may change. */
  readonly dataHash?: string;
}

/** Trains a VAE in a folder with its two ONNX parts. */
export async function trainVaeIn(
  options: JobOptions,
  settings: VaeSettings,
): Promise<Trained<Vae>> {
  const model = buildVae(settings);
  const { steps, batch: batchSize, seed } = settings;
  return trainModel({
    ...options,
    backend: options.backend.name,
    kind: "vae",
    settings: { ...settings, dataHash: options.dataHash },
    steps,
    model,
    train: (hooks) =>
      trainVae({
        ...hooks,
        backend: options.backend,
        model,
        dataset: options.dataset,
        steps,
        batchSize,
        seed,
        ema: averaging,
        learningRate: learningRateOf(settings),
      }),
    files: (vae) => pipelineFiles({ kind: "vae", vae: pipelineVae(vae), shape: vae.latent }),
  });
}

/** Trains a DDPM in a folder that is a whole pipeline; `vae` goes in with it for latent diffusion. */
export async function trainDdpmIn(
  options: JobOptions & {
    readonly vae?: PipelineVae;
    readonly notes?: Readonly<Record<string, unknown>>;
  },
  settings: DdpmSettings,
): Promise<Trained> {
  const { dataset, vae } = options;
  const model = denoiser(buildDenoiser(settings), settings.predicts);
  const schedule = buildSchedule(settings);
  const { steps, batch: batchSize, seed } = settings;
  const clip = isImages(dataset) && dataset.range && !vae ? 1 : null;
  return trainModel({
    ...options,
    backend: options.backend.name,
    kind: "ddpm",
    settings: { ...settings, dataHash: options.dataHash },
    steps,
    model,
    train: (hooks) =>
      trainDdpm({
        ...hooks,
        backend: options.backend,
        network: model,
        dataset,
        schedule,
        steps,
        batchSize,
        seed,
        ema: averaging,
        learningRate: learningRateOf(settings),
        onWarning: (message) => process.stderr.write(`${message}\n`),
      }),
    files: (denoiser) =>
      pipelineFiles({
        kind: "diffusion",
        denoiser,
        scheduler: { schedule, clip },
        shape: dataset.shape,
        vae,
        notes: options.notes,
      }),
  });
}
