import { withWeights } from "@gen/nn";
import { latentDataset, pipelineVae } from "@gen/vae";
import { Command } from "commander";
import { prefixErrors, usageError } from "../errors.ts";
import { trainDdpmIn } from "../jobs.ts";
import {
  buildDenoiser,
  buildVae,
  type DdpmSettings,
  isImages,
  schedules,
  type VaeSettings,
} from "../models.ts";
import { fingerprint, type OpenedData } from "../open-data.ts";
import { choice, integer, path, withCommonOptions } from "../options.ts";
import { scalingNotes } from "../scaling.ts";
import {
  prepareData,
  resumeHelp,
  type TrainOptions,
  train,
  withTrainOptions,
} from "../training-command.ts";
import { readCheckpoint, savedWeights } from "../training-folder.ts";

type DdpmOptions = TrainOptions &
  Pick<DdpmSettings, "schedule" | "timesteps" | "predicts"> & {
    readonly network?: DdpmSettings["network"];
    readonly vae?: string;
  };

/** `gen train ddpm`. */
export function ddpmCommand(): Command {
  const description = "train a denoising diffusion model on images, points, or a VAE's latents";
  const ddpm = withTrainOptions(new Command("ddpm").description(description), 5000, "digits")
    .option(
      "--vae <folder>",
      "latent diffusion: a folder that `gen train vae` made from the same data",
      path,
    )
    .addOption(
      choice(
        "--network <kind>",
        "linear layers for points and latents, a UNet for images (default: by the data)",
        ["mlp", "unet"],
      ),
    )
    .option(
      "--width <n>",
      "features of the hidden layers, or of the UNet's first level (default: 256, or 32 for unet)",
      integer(1, 8192),
    )
    .addOption(choice("--schedule <name>", "noise schedule", Object.keys(schedules), "linear"))
    .option("--timesteps <n>", "noise levels in training", integer(2, 100000), 1000)
    .addOption(
      choice("--predicts <what>", "the network's target", ["epsilon", "x0", "v"], "epsilon"),
    );
  return withCommonOptions(ddpm, "gen-ddpm")
    .addHelpText(
      "after",
      `
Points are standardized. \`gen sample\` returns points of a file in the file's units, and points of a
named toy standardized.
${resumeHelp}

Examples:
  gen train ddpm --out digits
  gen train ddpm --data two-moons --out moons
  gen train ddpm --data points.csv --steps 2000 --out points
  gen train ddpm --vae vae --data fashion-mnist --out latents`,
    )
    .action(trainDdpm);
}

async function trainDdpm(options: DdpmOptions): Promise<void> {
  const { data, schedule, timesteps, predicts } = options;
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
    ...pace,
  };
  buildDenoiser(settings);
  await train(options, opened, "DDPM loss", async (job) => {
    const { model } = latent ?? {};
    const latents = model && (await latentDataset({ ...job, model, seed: options.seed }));
    const trained = await trainDdpmIn(
      {
        ...job,
        label: "DDPM",
        dataset: latents?.dataset ?? job.dataset,
        vae: latents && pipelineVae(model, latents),
        notes: scalingNotes(opened.scaling),
      },
      settings,
    );
    return [
      trained,
      `the pipeline is in ${options.out}`,
      `sample --model ${options.out} --sampler ddim --steps 20 --out samples.png`,
    ];
  });
}

/** Reads a trained VAE. @throws GenError `usage` when there is none, or it has other data. */
async function openVae(folder: string, { data }: TrainOptions, { train }: OpenedData) {
  const { record, saved } = (await readCheckpoint(folder)) ?? {};
  if (record?.kind !== "vae" || !saved)
    throw usageError(`--vae ${folder} must be a folder that \`gen train vae\` made`);
  const settings = record.settings as unknown as VaeSettings & { dataHash?: string };
  const sameName = settings.data === data;
  const same = settings.dataHash ? settings.dataHash === fingerprint(train) : sameName;
  if (!same)
    throw usageError(
      `--data must be what --vae ${folder} was trained on, ${settings.data}, got ${data}${sameName ? " with other content" : ""}`,
    );
  const model = prefixErrors(`--vae ${folder}`, () =>
    withWeights(buildVae(settings), savedWeights(saved.state)),
  );
  // A VAE that was trained further has other latents.
  return { settings: { ...settings, step: record.step }, model };
}
