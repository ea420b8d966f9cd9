import type { Dataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { pipelineFiles } from "@gen/pipeline";
import { denoiser, type PipelineVae } from "@gen/sampling";
import { pipelineVae, trainVae, type Vae } from "@gen/vae";
import {
  buildDenoiser,
  buildVae,
  type DdpmSettings,
  isImages,
  schedules,
  type VaeSettings,
} from "./models.ts";
import { type Trained, type TrainingJob, trainModel } from "./train-model.ts";
import { objectiveOf } from "./vae-objectives.ts";

/** A training without its model. */
export type JobOptions = Omit<TrainingJob, "kind" | "settings" | "model" | "train" | "files"> & {
  readonly dataset: Dataset;
};

/** Trains a VAE in a folder with its two ONNX parts. */
export async function trainVaeIn(
  { dataset, ...job }: JobOptions,
  settings: VaeSettings,
): Promise<Trained<Vae>> {
  const model = buildVae(settings);
  return trainModel({
    ...job,
    kind: "vae",
    settings,
    model,
    train: (options) =>
      trainVae({
        ...options,
        ...objectiveOf(settings, { steps: options.steps, dataSize: dataset.length }),
        model,
        dataset,
      }),
    // The ends of a pipeline take no class.
    files: (vae): Record<string, Uint8Array> =>
      vae.classes === undefined
        ? pipelineFiles({ kind: "vae", vae: pipelineVae(vae), shape: vae.latent })
        : {},
  });
}

/** Trains a DDPM in a folder that is a complete pipeline, with `vae` in it for latent diffusion. */
export async function trainDdpmIn(
  {
    dataset,
    vae,
    notes,
    ...job
  }: JobOptions & {
    readonly vae?: PipelineVae;
    readonly notes?: Readonly<Record<string, unknown>>;
  },
  settings: DdpmSettings,
): Promise<Trained> {
  const network = denoiser(buildDenoiser(settings), settings.predicts);
  const schedule = schedules[settings.schedule]({ steps: settings.timesteps });
  const { shape, range } = dataset;
  const { classes, classDropout: conditionDropout } = settings;
  const clip = isImages(dataset) && range && !vae ? 1 : null;
  const onWarning = (message: string) => process.stderr.write(`${message}\n`);
  return trainModel({
    ...job,
    kind: "ddpm",
    settings,
    model: network,
    train: (options) =>
      trainDdpm({
        ...options,
        ...{ network, dataset, schedule, conditionDropout, onWarning },
        unconditional: classes?.length,
      }),
    files: (denoiser) => {
      const scheduler = { schedule, clip };
      return pipelineFiles({ kind: "diffusion", denoiser, scheduler, shape, vae, classes, notes });
    },
  });
}
