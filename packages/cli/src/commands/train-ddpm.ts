import { Command } from "commander";
import { usageError } from "../errors.ts";
import { scheduleNames } from "../names.ts";
import { choice, decimal, integer, path, withCommonOptions } from "../options.ts";
import { resumeHelp, withTrainOptions } from "../training-options.ts";

/** What a folder of --from decides. */
const kept = ["vae", "network", "width", "schedule", "timesteps", "predicts", "classes"];

/** @throws GenError `usage` for an option that the folder of --from decides. */
function refuseKept(from: string, command: Command): void {
  const given = kept.find((name) => command.getOptionValueSource(name) === "cli");
  if (given) throw usageError(`--${given} must be left out with --from ${from}, which decides it`);
}

/** `gen train ddpm`. */
export function ddpmCommand(): Command {
  const description = "train a denoising diffusion model on images, points, or a VAE's latents";
  const ddpm = withTrainOptions(new Command("ddpm").description(description), 5000, "digits")
    .option(
      "--vae <folder>",
      "latent diffusion: a folder that `gen train vae` made from the same data",
      path,
    )
    .option(
      "--from <folder>",
      "fine-tuning: a folder that `gen train ddpm` made, or a pipeline of ONNX files, whose weights are trained further; its network and schedule are kept",
      path,
    )
    .option(
      "--lora <rank>",
      "with --from, train changes of this rank beside the weights; they are also saved alone as lora.safetensors",
      integer(1, 1024),
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
        "the network's target: the noise, the clean data, v, the velocity of a straight flow (flow matching), or EDM's preconditioned estimate",
        ["epsilon", "x0", "v", "flow", "edm"],
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
With --from the rate is a tenth of the default, but not with --lora, and the classes of the data count
where the model has classes.
Points are standardized. \`gen sample\` returns points of a file in the file's units, and points of a
named toy standardized.
${resumeHelp}

Examples:
  gen train ddpm --out digits
  gen train ddpm --data two-moons --out moons
  gen train ddpm --data two-moons --predicts flow --out flow
  gen train ddpm --data two-moons --predicts edm --out edm
  gen train ddpm --data points.csv --steps 2000 --out points
  gen train ddpm --data pictures/ --size 32 --augment flip --classes --out mine
  gen train ddpm --vae vae --data fashion-mnist --out latents
  gen train ddpm --from digits --data mine.npz --steps 500 --out tuned
  gen train ddpm --from digits --data mine.npz --lora 4 --out adapted`,
    )
    .action(async (options, command: Command) => {
      if (options.from === undefined)
        return (await import("../runs/train-ddpm.ts")).trainDdpm(options);
      refuseKept(options.from, command);
      await (await import("../runs/fine-tune.ts")).fineTune(options);
    });
}
