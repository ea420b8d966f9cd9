import { Command } from "commander";
import { usageError } from "../errors.ts";
import { trainVaeIn } from "../jobs.ts";
import { buildVae, type VaeSettings } from "../models.ts";
import { choice, integer, withCommonOptions } from "../options.ts";
import {
  prepareData,
  resumeHelp,
  type TrainOptions,
  train,
  withTrainOptions,
} from "../training-command.ts";

type VaeOptions = TrainOptions & Pick<VaeSettings, "network" | "latent">;

/** `gen train vae`. */
export function vaeCommand(): Command {
  const description = "train a variational autoencoder on images";
  const vae = withTrainOptions(new Command("vae").description(description), 4000, "fashion-mnist")
    .addOption(choice("--network <kind>", "linear layers or convolutions", ["mlp", "conv"], "mlp"))
    .option(
      "--width <n>",
      "features of the hidden layer, or of the first convolution (default: 400, or 32 for conv)",
      integer(1, 8192),
    )
    .option("--latent <n>", "latent features", integer(1, 4096), 20);
  return withCommonOptions(vae, "gen-vae")
    .addHelpText(
      "after",
      `${resumeHelp}

Examples:
  gen train vae --out vae
  gen train vae --data pictures/ --network conv --latent 32 --out vae
  gen train ddpm --vae vae --data fashion-mnist --out latents`,
    )
    .action(trainVae);
}

async function trainVae(options: VaeOptions): Promise<void> {
  const { data, network, width, latent } = options;
  const { opened, pace } = await prepareData(options);
  const settings: VaeSettings = {
    data,
    shape: opened.train.shape,
    network,
    width: width ?? (network === "mlp" ? 400 : 32),
    latent,
    ...pace,
  };
  if (!opened.train.range)
    throw usageError(
      `--data ${data} has no range of values, and a VAE takes images; say their range with --range low,high`,
    );
  buildVae(settings);
  await train(options, opened, "VAE loss (nats)", async (job) => {
    const trained = await trainVaeIn({ ...job, label: "VAE" }, settings);
    return [
      trained,
      `the VAE is in ${options.out}`,
      `train ddpm --vae ${options.out} --data ${data} --out gen-latents`,
    ];
  });
}
