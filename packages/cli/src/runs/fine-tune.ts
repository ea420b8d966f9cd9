/* The work of `gen train ddpm --from`. */
import type { Dataset } from "@gen/data";
import { latentDataset } from "@gen/vae";
import { trainDiffusionIn } from "../diffusion-job.ts";
import { usageError } from "../errors.ts";
import { type Base, openBase } from "../fine-tuning.ts";
import { onScaleOf } from "../held-out.ts";
import type { JobOptions } from "../jobs.ts";
import { openLatentModel } from "../latent-model.ts";
import type { FineTuneSettings } from "../models.ts";
import type { OpenedData } from "../open-data.ts";
import { defaultRate } from "../rates.ts";
import { scalingNotes } from "../scaling.ts";
import type { DdpmOptions } from "./train-ddpm.ts";
import { prepareData, train } from "./training.ts";

/** Trains the model of another folder further. */
export async function fineTune(options: DdpmOptions & { readonly from: string }): Promise<void> {
  const { from, data, lora, seed } = options;
  const base = await openBase(from, { rank: lora, seed });
  const { opened, pace } = await prepareData({ ...options, vae: base.vae && from });
  const { shape } = opened.train;
  const wanted = base.vae?.image ?? base.shape;
  if (shape.join() !== wanted.join())
    throw usageError(
      `--data ${data} must hold items [${wanted.join(", ")}] as --from ${from} takes them, got [${shape.join(", ")}]`,
    );
  const whole = lora === undefined && options.learningRate === undefined;
  const usual = defaultRate(shape.length === 1 && !base.vae, options.optimizer);
  const settings: FineTuneSettings = {
    data,
    from: base.sha256,
    ...(lora !== undefined && { lora }),
    shape: base.shape,
    ...classesOf(options, base, opened),
    ...pace,
    ...(whole && { learningRate: usual / 10 }),
  };
  await train(options, opened, "DDPM loss", async (job) => {
    const encoded = base.vae && (await encodedJob(from, job, seed));
    const trained = await trainDiffusionIn(
      {
        ...job,
        ...encoded,
        label: "DDPM",
        vae: base.vae,
        notes: scalingNotes(opened.scaling),
      },
      base,
      settings,
    );
    return [
      trained,
      `the pipeline is in ${options.out}`,
      `sample --model ${options.out}${base.classes ? " --class 0" : ""} --steps 20 --out samples.png`,
    ];
  });
}

/** The data as the latents of the folder's VAE, on the scale that its network knows. */
async function encodedJob(
  folder: string,
  { backend, dataset, validation, signal }: Omit<JobOptions, "label">,
  seed: number,
): Promise<Pick<JobOptions, "dataset" | "validation">> {
  const { model, batchSize } = await openLatentModel(folder);
  const own = model.latent[0];
  const like = { mean: Array<number>(own).fill(0), std: Array<number>(own).fill(1) };
  const latentsOf = async (dataset: Dataset) => {
    const latents = await latentDataset({ backend, model, dataset, batchSize, seed, signal });
    return onScaleOf({ ...latents, ...like }, latents);
  };
  return {
    dataset: await latentsOf(dataset),
    validation: validation && { ...validation, dataset: await latentsOf(validation.dataset) },
  };
}

/** Classes of a model that is told them. @throws GenError `usage` when the data's do not fit. */
function classesOf(
  { classDropout, data, from }: DdpmOptions,
  { denoiser, classes }: Base,
  { train, test }: OpenedData,
): Pick<FineTuneSettings, "classes" | "classDropout"> {
  if (!denoiser.condition) {
    if (classDropout === undefined) return {};
    throw usageError(`--class-dropout must be left out: --from ${from} knows no classes`);
  }
  const labels = [train, test].flatMap(({ labels = [] }) => Array.from(labels));
  const count = classes?.length ?? denoiser.classes;
  if (count === undefined) throw usageError(`--from ${from} must say how many classes it knows`);
  if (labels.length === 0)
    throw usageError(`--data ${data} must have classes, as --from ${from} is told them`);
  const most = labels.reduce((a, b) => Math.max(a, b), 0);
  if (most >= count)
    throw usageError(
      `--data ${data} must have at most ${count} classes, as --from ${from} knows, got ${most + 1}`,
    );
  return { classes, classDropout: classDropout ?? 0.1 };
}
