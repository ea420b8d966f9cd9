import { Command } from "commander";
import { choice, integer, withCommonOptions } from "../options.ts";
import { resumeHelp, withTrainOptions } from "../training-options.ts";

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
  gen train vae --data pictures/ --size 48x32 --network conv --latent 32 --out vae
  gen train ddpm --vae vae --data fashion-mnist --out latents`,
    )
    .action(async (options) => (await import("../runs/train-vae.ts")).trainVae(options));
}
