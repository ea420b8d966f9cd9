import type { Dataset } from "@gen/data";
import { pipelineFiles } from "@gen/pipeline";
import { pipelineVae, priorSamples, trainVae, type Vae } from "@gen/vae";
import { pictureOf } from "./drawing/pictures.ts";
import { vaeHeldOut } from "./held-out.ts";
import { buildVae, type VaeSettings } from "./models.ts";
import { type Trained, type TrainingJob, trainModel } from "./train-model.ts";
import { labelsInTurn } from "./trained-vae.ts";
import type { Validation } from "./training-history.ts";
import { objectiveOf } from "./vae-objectives.ts";

/** Samples in a picture of a training. Fewer points show no shape. */
export const drawnCount = ({ shape }: Pick<Dataset, "shape">) => (shape.length === 1 ? 1000 : 16);

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
      measure: vaeHeldOut(job.backend, model, validation.dataset, settings.seed),
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
