import type { Dataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { pipelineFiles } from "@gen/pipeline";
import { type Denoiser, denoiser, generate, type PipelineVae } from "@gen/sampling";
import { pipelineVae, priorSamples, trainVae, type Vae } from "@gen/vae";
import { pictureOf } from "./drawing/pictures.ts";
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
import { labelsInTurn } from "./trained-vae.ts";
import type { Validation } from "./training-history.ts";
import { objectiveOf } from "./vae-objectives.ts";

/** Samples in a picture of a training. Fewer points show no shape. */
const drawnCount = ({ shape }: Pick<Dataset, "shape">) => (shape.length === 1 ? 1000 : 16);

/** A training without its model. */
export type JobOptions = Omit<
  TrainingJob,
  "kind" | "settings" | "model" | "train" | "files" | "validation" | "sheet"
> & {
  readonly dataset: Dataset;
  /** Measures a held-out share of the data. @defaultValue none */
  readonly validation?: Omit<Validation<never>, "measure"> & { readonly dataset: Dataset };
  /** Steps between two pictures of samples. @defaultValue never */
  readonly drawEvery?: number;
};

/** Trains a VAE in a folder with its two ONNX parts. */
export async function trainVaeIn(
  { dataset, validation, drawEvery, ...job }: JobOptions,
  settings: VaeSettings,
): Promise<Trained<Vae>> {
  const model = buildVae(settings);
  const drawVae = async (vae: Vae) => {
    const [{ backend }, count] = [job, drawnCount(vae)];
    const run = { backend, count, model: vae, seed: settings.seed };
    const { data, shape } = await priorSamples({ ...run, labels: labelsInTurn(vae, count) });
    return pictureOf(data, shape, [0, 1]);
  };
  return trainModel({
    ...job,
    kind: "vae",
    settings,
    model,
    validation: validation && {
      ...validation,
      measure: (vae) => vaeHeldOut(job.backend, vae, validation.dataset, settings.seed),
    },
    sheet: drawEvery ? { every: drawEvery, draw: drawVae } : undefined,
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
    validation,
    drawEvery,
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
  const isFlow = settings.predicts === "flow";
  const clip = isImages(dataset) && range && !vae && !isFlow ? 1 : null;
  const onWarning = (message: string) => process.stderr.write(`${message}\n`);
  const pipelineOf = (denoiser: Denoiser) => {
    const flow = { predictionType: "flow", className: "FlowMatchEulerDiscreteScheduler" } as const;
    const scheduler = { schedule, clip, ...(isFlow && flow) };
    return { kind: "diffusion" as const, denoiser, scheduler, shape, vae, classes, notes };
  };
  const drawDdpm = async (denoiser: Denoiser) => {
    const count = vae ? 16 : drawnCount(dataset);
    const options = { backend: job.backend, count, seed: settings.seed };
    // The classes take turns.
    const labels = classes && Int32Array.from({ length: count }, (_, i) => i % classes.length);
    const samples = await generate(pipelineOf(denoiser), {
      ...options,
      steps: Math.min(20, settings.timesteps),
      ...(!isFlow && { sampler: "ddim" }),
      ...(labels && { condition: labels }),
    });
    return pictureOf(samples.x, samples.shape, [-1, 1]);
  };
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
    sheet: drawEvery ? { every: drawEvery, draw: drawDdpm } : undefined,
    train: (options) =>
      trainDdpm({
        ...options,
        ...{ network, dataset, schedule, conditionDropout, onWarning },
        unconditional: classes?.length,
      }),
    files: (denoiser) => pipelineFiles(pipelineOf(denoiser)),
  });
}
