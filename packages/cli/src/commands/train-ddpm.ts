import { Command } from "commander";
import { scheduleNames } from "../names.ts";
import { choice, decimal, integer, path, withCommonOptions } from "../options.ts";
import { resumeHelp, withTrainOptions } from "../training-options.ts";

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
    .addOption(choice("--schedule <name>", "noise schedule", scheduleNames, "linear"))
    .option("--timesteps <n>", "noise levels in training", integer(2, 100000), 1000)
    .addOption(
      choice(
        "--predicts <what>",
        "the network's target: the noise, the clean data, v, or the velocity of a straight flow (flow matching)",
        ["epsilon", "x0", "v", "flow"],
        "epsilon",
      ),
    )
    .option(
      "--classes",
      "tell the network the class of each item, so that gen sample takes --class and --guidance",
      false,
    )
    .option(
      "--class-dropout <share>",
      "the share of items whose class is hidden in training, which --guidance needs (default: 0.1)",
      decimal(0, 0.9, true),
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
  gen train ddpm --data two-moons --predicts flow --out flow
  gen train ddpm --data points.csv --steps 2000 --out points
  gen train ddpm --data pictures/ --size 32 --augment flip --classes --out mine
  gen train ddpm --vae vae --data fashion-mnist --out latents`,
    )
    .action(async (options) => (await import("../runs/train-ddpm.ts")).trainDdpm(options));
}
