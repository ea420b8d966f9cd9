import type { Dataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { pipelineFiles } from "@gen/pipeline";
import { denoiser, type PipelineVae } from "@gen/sampling";
import { pipelineVae, trainVae, type Vae } from "@gen/vae";
import { ddpmHeldOut, vaeHeldOut } from "./held-out.ts";
import {
  buildDenoiser,
  buildVae,
  type DdpmSettings,
  isImages,
  schedules,
  type VaeSettings,
} from "./models.ts";
import { type Trained, type TrainingJob, trainModel } from "./train-model.ts";
import type { Validation } from "./training-history.ts";

/** A training without its model. */
export type JobOptions = Omit<
  TrainingJob,
  "kind" | "settings" | "model" | "train" | "files" | "validation"
> & {
  readonly dataset: Dataset;
  /** Measures a held-out share of the data. @defaultValue none */
  readonly validation?: Omit<Validation<never>, "measure"> & { readonly dataset: Dataset };
};

/** Trains a VAE in a folder with its two ONNX parts. */
export async function trainVaeIn(
  { dataset, validation, ...job }: JobOptions,
  settings: VaeSettings,
): Promise<Trained<Vae>> {
  const model = buildVae(settings);
  return trainModel({
    ...job,
    kind: "vae",
    settings,
    model,
    validation: validation && {
      ...validation,
      measure: (vae) => vaeHeldOut(job.backend, vae, validation.dataset, settings.seed),
    },
    train: (options) => trainVae({ ...options, model, dataset }),
    files: (vae) => pipelineFiles({ kind: "vae", vae: pipelineVae(vae), shape: vae.latent }),
  });
}

/** Trains a DDPM in a folder that is a complete pipeline, with `vae` in it for latent diffusion. */
export async function trainDdpmIn(
  {
    dataset,
    vae,
    notes,
    validation,
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
    validation: validation && {
      ...validation,
      measure: (denoiser) =>
        ddpmHeldOut(
          { backend: job.backend, denoiser, dataset: validation.dataset },
          schedule,
          settings.batch,
        ),
    },
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
