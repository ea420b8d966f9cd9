import { resolve } from "node:path";
import { loadParameters, stateOf } from "@gen/nn";
import { latentDataset, pipelineVae } from "@gen/vae";
import { Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import { writeWhole } from "../files.ts";
import { interruptSignal } from "../interrupt.ts";
import { trainDdpmIn, trainVaeIn } from "../jobs.ts";
import { buildVae, type DdpmSettings, isImages, type VaeSettings } from "../models.ts";
import { openBackend } from "../open-backend.ts";
import { dataNames, openData } from "../open-data.ts";
import { type CommonOptions, real, whole, withCommonOptions } from "../options.ts";
import { lossChart } from "../pictures.ts";
import { print } from "../print.ts";
import { readRecord, readState } from "../training-folder.ts";

interface TrainOptions extends CommonOptions {
  readonly data: string;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly width?: number;
}

const dataHelp = `${dataNames.join(", ")}, or the path of a folder of PNG files or an idx, npy, npz or csv file`;

function withTrainOptions(command: Command, steps: number, data: string): Command {
  return command
    .option("--data <name|path>", dataHelp, data)
    .addOption(new Option("--steps <n>", "training steps").default(steps).argParser(whole(1, 1e8)))
    .addOption(
      new Option("--batch <n>", "items in a batch").default(128).argParser(whole(1, 65536)),
    )
    .addOption(
      new Option("--learning-rate <x>", "Adam's peak rate")
        .default(1e-3)
        .argParser(real(0, 1, true)),
    )
    .addOption(
      new Option("--width <n>", "features of the hidden layers").argParser(whole(1, 8192)),
    );
}

/** `gen train vae|ddpm`. */
export function trainCommand(): Command {
  const train = new Command("train").description(
    "train a model and save it as a folder of ONNX and JSON",
  );
  const vae = withTrainOptions(
    new Command("vae").description("train a variational autoencoder"),
    4000,
    "fashion-mnist",
  )
    .addOption(
      new Option("--network <kind>", "linear layers or convolutions")
        .choices(["mlp", "conv"])
        .default("mlp"),
    )
    .addOption(new Option("--latent <n>", "latent features").default(20).argParser(whole(1, 4096)));
  withCommonOptions(vae, "gen-vae").action(trainVae);
  const ddpm = withTrainOptions(
    new Command("ddpm").description(
      "train a denoising diffusion model on pixels, points, or a VAE's latents",
    ),
    5000,
    "digits",
  )
    .option(
      "--vae <folder>",
      "latent diffusion: a folder that `gen train vae` made, on the same data",
    )
    .addOption(
      new Option(
        "--network <kind>",
        "linear layers for points and latents, a UNet for images (chosen by the data unless told)",
      ).choices(["mlp", "unet"]),
    )
    .addOption(
      new Option("--schedule <name>", "noise schedule")
        .choices(["linear", "scaled-linear", "cosine"])
        .default("linear"),
    )
    .addOption(
      new Option("--timesteps <n>", "noise levels in training")
        .default(1000)
        .argParser(whole(2, 100000)),
    )
    .addOption(
      new Option("--predicts <what>", "the network's target")
        .choices(["epsilon", "x0", "v"])
        .default("epsilon"),
    );
  withCommonOptions(ddpm, "gen-ddpm").action(trainDdpm);
  return train.addCommand(vae).addCommand(ddpm);
}

async function trainVae(
  options: TrainOptions & { network: "mlp" | "conv"; latent: number },
): Promise<void> {
  const { train } = await openData(options.data, options.seed);
  const settings: VaeSettings = {
    data: options.data,
    shape: train.shape,
    network: options.network,
    width: options.width ?? (options.network === "mlp" ? 400 : 32),
    latent: options.latent,
    steps: options.steps,
    batch: options.batch,
    learningRate: options.learningRate,
    seed: options.seed,
  };
  if (!train.range)
    throw new UsageError(`--data ${options.data} has no range of values; a VAE takes images`);
  const backend = await openBackend(options.backend);
  try {
    const { record } = await trainVaeIn(
      {
        label: "VAE",
        folder: options.out,
        dataset: train,
        backend,
        signal: interruptSignal(),
        force: options.force,
        reuse: false,
      },
      settings,
    );
    await writeWhole(`${options.out}/loss.png`, lossChart("VAE loss (nats)", record.history));
    print(
      options.json,
      {
        out: resolve(options.out),
        steps: record.step,
        seconds: record.seconds,
        losses: lastLosses(record.history.losses),
        backend: backend.name,
      },
      [
        `the VAE is in ${options.out}`,
        `next: gen train ddpm --vae ${options.out} --data ${options.data}`,
      ],
    );
  } finally {
    await backend.close();
  }
}

async function trainDdpm(
  options: TrainOptions &
    Pick<DdpmSettings, "schedule" | "timesteps" | "predicts"> & {
      network?: "mlp" | "unet";
      vae?: string;
    },
): Promise<void> {
  const { train } = await openData(options.data, options.seed);
  const backend = await openBackend(options.backend);
  try {
    const latent = options.vae ? await openVae(options.vae, options.data) : undefined;
    const latents =
      latent &&
      (await latentDataset({ backend, model: latent.model, dataset: train, seed: options.seed }));
    const dataset = latents?.dataset ?? train;
    const network = options.network ?? (isImages(dataset) ? "unet" : "mlp");
    const settings: DdpmSettings = {
      data: options.data,
      vae: latent?.settings,
      shape: dataset.shape,
      network,
      width: options.width ?? (network === "mlp" ? 256 : 32),
      schedule: options.schedule,
      timesteps: options.timesteps,
      predicts: options.predicts,
      steps: options.steps,
      batch: options.batch,
      learningRate: options.learningRate,
      seed: options.seed,
    };
    const vae = latent && latents && pipelineVae(latent.model, latents);
    const { record } = await trainDdpmIn(
      {
        label: "DDPM",
        folder: options.out,
        dataset,
        vae,
        backend,
        signal: interruptSignal(),
        force: options.force,
        reuse: false,
      },
      settings,
    );
    await writeWhole(`${options.out}/loss.png`, lossChart("DDPM loss", record.history));
    print(
      options.json,
      {
        out: resolve(options.out),
        steps: record.step,
        seconds: record.seconds,
        losses: lastLosses(record.history.losses),
        backend: backend.name,
      },
      [
        `the pipeline is in ${options.out}`,
        `next: gen sample --model ${options.out} --sampler ddim --steps 20 --out samples.png`,
      ],
    );
  } finally {
    await backend.close();
  }
}

async function openVae(folder: string, data: string) {
  const record = await readRecord(folder);
  if (record?.kind !== "vae")
    throw new UsageError(`--vae ${folder} must be a folder that \`gen train vae\` made`);
  const settings = record.settings as unknown as VaeSettings;
  if (settings.data !== data)
    throw new UsageError(
      `--vae ${folder} was trained on ${settings.data}, --data is ${data}; they must be the same`,
    );
  const model = buildVae(settings);
  const state = await readState(folder, record.step);
  loadParameters(model, stateOf(state as Parameters<typeof stateOf>[0], "ema"));
  return { settings, model };
}

/** The last reading of each loss. */
export const lastLosses = (
  losses: Readonly<Record<string, readonly number[]>>,
): Record<string, number> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, values]) => [name, values[values.length - 1]]),
  );
