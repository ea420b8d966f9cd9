import type { Dataset } from "@gen/data";
import { latentDataset, pipelineVae } from "@gen/vae";
import { trainDdpmIn } from "../diffusion-job.ts";
import { usageError } from "../errors.ts";
import { onScaleOf } from "../held-out.ts";
import { buildDenoiser, type DdpmSettings, isImages } from "../models.ts";
import { fingerprint, type OpenedData } from "../open-data.ts";
import { scalingNotes } from "../scaling.ts";
import { readTrainedVae } from "../trained-vae.ts";
import type { TrainOptions } from "../training-options.ts";
import { prepareData, train } from "./training.ts";

export type DdpmOptions = TrainOptions &
  Pick<DdpmSettings, "schedule" | "timesteps" | "predicts"> & {
    readonly network?: DdpmSettings["network"];
    readonly vae?: string;
    readonly classes: boolean;
    readonly classDropout?: number;
    readonly from?: string;
    readonly lora?: number;
  };

/** Runs `gen train ddpm`. */
export async function trainDdpm(options: DdpmOptions): Promise<void> {
  if (options.lora !== undefined) throw usageError(`--lora ${options.lora} needs --from`);
  const { data, timesteps, predicts } = options;
  const schedule = scheduleOf(options);
  const { opened, pace } = await prepareData(options);
  const latent = options.vae ? await openVae(options.vae, options, opened) : undefined;
  const shape = latent?.model.latent ?? opened.train.shape;
  const network = options.network ?? (isImages({ shape }) ? "unet" : "mlp");
  const settings: DdpmSettings = {
    data,
    vae: latent?.settings,
    shape,
    network,
    width: options.width ?? (network === "mlp" ? 256 : 32),
    schedule,
    timesteps,
    predicts,
    ...classSettings(options, opened),
    ...pace,
  };
  buildDenoiser(settings);
  await train(options, opened, "DDPM loss", async (job) => {
    const { model } = latent ?? {};
    const latents = model && (await latentDataset({ ...job, model, seed: options.seed }));
    const { validation } = job;
    const encoded = (dataset: Dataset) =>
      model && latentDataset({ ...job, model, dataset, seed: options.seed });
    const others = validation && (await encoded(validation.dataset));
    const heldOut = latents && others && onScaleOf(latents, others);
    const trained = await trainDdpmIn(
      {
        ...job,
        label: "DDPM",
        dataset: latents?.dataset ?? job.dataset,
        validation: validation && { ...validation, dataset: heldOut ?? validation.dataset },
        vae: latents && pipelineVae(model, latents),
        notes: scalingNotes(opened.scaling),
      },
      settings,
    );
    return [
      trained,
      `the pipeline is in ${options.out}`,
      `sample --model ${options.out} ${schedule === "flow" || schedule === "edm" ? "" : "--sampler ddim "}--steps 20${settings.classes ? " --class 0 --guidance 2" : ""} --out samples.png`,
    ];
  });
}

/** The noise levels. @throws GenError `usage` for flags that do not go with the prediction. */
function scheduleOf({ predicts, schedule, timesteps }: DdpmOptions): DdpmSettings["schedule"] {
  if (predicts !== "flow" && predicts !== "edm") return schedule;
  const why = { flow: "whose noise grows in a line", edm: "whose noise has levels of its own" };
  if (schedule !== "linear")
    throw usageError(
      `--schedule must be left out with --predicts ${predicts}, ${why[predicts]}, got ${schedule}`,
    );
  if (predicts === "edm" && timesteps !== 1000)
    throw usageError(
      `--timesteps must be left out with --predicts edm, whose levels are no steps, got ${timesteps}`,
    );
  return predicts;
}

/** Settings of a training that tells the network the classes. */
function classSettings(
  { classes: isTold, classDropout, data }: DdpmOptions,
  opened: OpenedData,
): Pick<DdpmSettings, "classes" | "classDropout"> {
  if (!isTold) {
    if (classDropout === undefined) return {};
    throw usageError(`--class-dropout ${classDropout} needs --classes`);
  }
  return { classes: classNames(data, opened), classDropout: classDropout ?? 0.1 };
}

/** The names of the classes of data, or their numbers. @throws GenError `usage` when there are none. */
export function classNames(data: string, { train, test }: OpenedData): readonly string[] {
  const labels = [train, test].flatMap(({ labels = [] }) => Array.from(labels));
  if (labels.length === 0)
    throw usageError(
      `--classes needs classes, and ${data} has none: a subfolder for each, or labels in the file`,
    );
  const [least, most] = labels.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [0, 0]);
  if (least < 0 || most >= MAX_CLASSES)
    throw usageError(
      `--classes needs labels in [0, ${MAX_CLASSES - 1}], ${data} has ${least < 0 ? least : most}`,
    );
  return train.classes ?? Array.from({ length: most + 1 }, (_, i) => String(i));
}

/** The most classes, as in the folders that are read. */
const MAX_CLASSES = 65_536;

/** Reads a trained VAE. @throws GenError `usage` when there is none, or it has other data. */
async function openVae(folder: string, { data }: TrainOptions, { train }: OpenedData) {
  const trained = await readTrainedVae("--vae", folder);
  if (!trained) throw usageError(`--vae ${folder} must be a folder that \`gen train vae\` made`);
  const { model, settings, step } = trained;
  if (settings.classes)
    throw usageError(
      `--vae ${folder} must be a VAE without --classes: a pipeline's VAE takes no class`,
    );
  const sameName = settings.data === data;
  const same = settings.dataHash ? settings.dataHash === fingerprint(train) : sameName;
  if (!same)
    throw usageError(
      `--data must be what --vae ${folder} was trained on, ${settings.data}, got ${data}${sameName ? " with other content" : ""}`,
    );
  // A VAE that was trained further has other latents.
  return { settings: { ...settings, step }, model };
}
