import { Command } from "commander";
import {
  choice,
  classLabels,
  decimal,
  integer,
  numbers,
  path,
  withCommonOptions,
} from "../options.ts";
import { samplerOption } from "../samplers.ts";
import { dataHelp, withDataOptions } from "../training-options.ts";

const withModel = (command: Command): Command =>
  command.option(
    "--model <folder>",
    "a folder of `gen train vae`, or a pipeline folder or its http(s) URL with vae_encoder/model.onnx and vae_decoder/model.onnx",
    path,
  );

const withItems = (command: Command, split: string): Command =>
  withDataOptions(command, `${dataHelp} (default: what the VAE was trained on)`).addOption(
    choice(
      "--split <name>",
      "all items in the order of the file, those of the training, or those that it holds out",
      ["all", "train", "test"],
      split,
    ),
  );

const ofClass = (command: Command): Command =>
  command.option(
    "--class <label>",
    "the class of the pictures, for a class-conditional model: a number or a name; repeat it, or list numbers with commas",
    classLabels,
  );

/** `gen encode`. */
export function encodeCommand(): Command {
  const command = withItems(
    withModel(new Command("encode").description("turn pictures into the latents of a VAE")),
    "all",
  ).addOption(
    choice(
      "--draw <what>",
      "the mean of each posterior, or a draw from it",
      ["mean", "sample"],
      "mean",
    ),
  );
  return withCommonOptions(command, "latents.npy")
    .addHelpText(
      "after",
      `
An --out path with the ending .npy holds the latents [count, ...]. With .npz it has the array z, the
posteriors' log_variance, and labels if the data have classes. The latents of a pipeline's VAE are
scaled as its denoiser sees them.

Examples:
  gen encode --model vae --out latents.npz
  gen encode --model stable-diffusion --data pictures/ --size 256 --out latents.npy`,
    )
    .action(async (options) => (await import("../runs/latents.ts")).runEncode(options));
}

/** `gen decode`. */
export function decodeCommand(): Command {
  const command = ofClass(
    withModel(new Command("decode").description("turn the latents of a VAE into pictures")).option(
      "--latents <file>",
      "latents [count, ...] in an npy file, or the array z of an npz file",
      path,
    ),
  );
  return withCommonOptions(command, "decoded.png")
    .addHelpText(
      "after",
      `
An --out path with the ending .png is a picture of all items, with .npy the numbers (images in
[-1, 1]). Any other path is a folder with both and a file for each image.

Examples:
  gen decode --model vae --latents latents.npz --out decoded.png`,
    )
    .action(async (options) => (await import("../runs/latents.ts")).runDecode(options));
}

/** `gen reconstruct`. */
export function reconstructCommand(): Command {
  const command = withItems(
    withModel(
      new Command("reconstruct").description(
        "encode and decode pictures, and report the error in pixels and nats",
      ),
    ),
    "test",
  ).option("--count <n>", "items in the picture; the error is that of all items", integer(1), 12);
  return withCommonOptions(command, "reconstructions.png")
    .addHelpText(
      "after",
      `
The picture has originals above their reconstructions. Nats need a folder of \`gen train vae\`: the
VAE of a pipeline has no likelihood.

Examples:
  gen reconstruct --model vae --out reconstructions.png
  gen reconstruct --model latents --data pictures/ --split all --json`,
    )
    .action(async (options) => (await import("../runs/latents.ts")).runReconstruct(options));
}

/** `gen interpolate`. */
export function interpolateCommand(): Command {
  const command = ofClass(
    withItems(
      withModel(
        new Command("interpolate").description(
          "walk from one latent to another, or along the direction of a class",
        ),
      )
        .option("--seeds <list>", "seeds of random latents or noise, such as 1,2", numbers)
        .option(
          "--items <list>",
          "items of the data by their numbers from 0, such as 3,17",
          numbers,
        )
        .option(
          "--attribute <class>",
          "walk from each item or seed toward a class: the mean of its latents minus that of the others",
        )
        .option(
          "--strength <x>",
          "how far to walk with --attribute (default: 1)",
          decimal(-100, 100),
        )
        .option("--frames <n>", "pictures in a row, both ends among them", integer(2, 1000), 9)
        .addOption(
          choice(
            "--path <shape>",
            "a straight line, or a great circle, which keeps the length of noise (default: linear for a VAE, spherical for noise)",
            ["linear", "spherical"],
          ),
        ),
      "test",
    ),
  )
    .addOption(samplerOption())
    .option("--steps <n>", "sampling steps of a diffusion model (default: 20)", integer(1, 100000))
    .option(
      "--guidance <x>",
      "the scale of guidance; 1 or less is none (default: 4 for DiT, else none)",
      decimal(0, 1000),
    );
  return withCommonOptions(command, "interpolation.png")
    .addHelpText(
      "after",
      `
A list of several ends has a row from each to the next. --seeds with a diffusion model walks through
its noise, and --seed decides the noise of later steps, so that a deterministic sampler such as ddim
is best. --items and --attribute walk in the latents of a VAE.

Examples:
  gen interpolate --model vae --items 3,17,25
  gen interpolate --model vae --items 4 --attribute Sandal --strength 1.5
  gen interpolate --model ddpm --seeds 1,2 --sampler ddim --path spherical --out walk.png`,
    )
    .action(async (options) => (await import("../runs/interpolate.ts")).runInterpolate(options));
}
