import { openBackend } from "@gen/runtime-gpu/open";
import { Command } from "commander";
import { usageError } from "../errors.ts";
import { checkModelFolder, claimOutput } from "../files.ts";
import { decimal, integer, path, range, withCommonOptions } from "../options.ts";
import type { EvaluateOptions } from "../runs/evaluate.ts";
import { checkEta, etaDefaults, etaHelp, samplerOption } from "../samplers.ts";
import { interruptSignal } from "../terminal.ts";
import { withDataOptions } from "../training-options.ts";

/** `gen evaluate`. */
export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description(
      "measure a model, or samples of any model, against held-out data, and show the nearest training items",
    )
    .option(
      "--model <folder>",
      "a VAE's folder as `gen train vae` makes it, or a pipeline folder or its http(s) URL",
      path,
    )
    .option(
      "--samples <path>",
      "samples in place of a model's: an npy file as `gen sample` writes it, or anything that --data takes",
      path,
    );
  withDataOptions(command, "the data (default: those that the folder says it was trained on)")
    .option(
      "--count <n>",
      "samples, and the most training items and held-out items beside them",
      integer(10, 100_000),
      1000,
    )
    .option(
      "--features <name|path>",
      "where Frechet distance, KID, precision and recall are measured: in the features of a classifier, digits, fashion-mnist or a folder of `gen train classifier`, in pixels, or in those of an ONNX model of images (default: the classifier of the data, else pixels)",
      path,
    )
    .option(
      "--feature-range <low,high>",
      "the values of black and white that the model of --features takes (default: -1,1)",
      range,
    )
    .addOption(samplerOption())
    .option(
      "--steps <n>",
      "sampling steps (default: 20; 4 for lcm, every training step for ddpm)",
      integer(1, 100_000),
    )
    .option("--eta <x>", etaHelp(etaDefaults), decimal(0, 1))
    .option(
      "--guidance <x>",
      "the scale of guidance by classes; 1 or less is none (default: none)",
      decimal(0, 1000),
    )
    .option(
      "--draws <n>",
      "draws of z for each item in a VAE's log likelihood",
      integer(1, 1_000_000),
      500,
    )
    .option(
      "--bound <n>",
      "also bound the likelihood of n held-out items under a diffusion model, which runs every training step",
      integer(1, 100_000),
    );
  return withCommonOptions(command, "evaluation.png")
    .addHelpText(
      "after",
      `
The picture shows the samples that are nearest to a training image beside the three images nearest
to them: a model that memorized its data shows there. Points are drawn beside the held-out points.

The column of training data says what a perfect model would reach with as many samples. A Frechet
distance shrinks as sets grow, so only numbers of the same --count and data compare. Features of an
InceptionV3 export make it the FID.

Of a model with classes, all classes are sampled equally. A VAE's likelihood is that of its own
decoder: numbers of different decoders do not compare.

Examples:
  gen evaluate --model vae
  gen evaluate --model digits --sampler ddim --steps 50 --bound 64 --out digits.png
  gen evaluate --samples theirs.npy --data fashion-mnist --json
  gen evaluate --model mine --data pictures/ --size 32 --features inception.onnx --count 5000`,
    )
    .action(run);
}

async function run(options: EvaluateOptions): Promise<void> {
  const { model, samples, out, force, backend, eta, sampler } = options;
  if ((model === undefined) === (samples === undefined))
    throw usageError("either --model or --samples must be given: a folder, or a file of samples");
  if (samples !== undefined) {
    const ofModels = ["sampler", "steps", "eta", "guidance", "bound"] as const;
    const given = ofModels.find((name) => options[name] !== undefined);
    if (given) throw usageError(`--${given} is for --model, got it with --samples ${samples}`);
    if (options.data === undefined)
      throw usageError("--data must be given with --samples: what the samples should be like");
  }
  if (!/\.png$/i.test(out)) throw usageError(`--out must end in .png, got ${out}`);
  checkEta(eta, sampler);
  await claimOutput(out, { force, kind: "file" });
  if (model !== undefined) await checkModelFolder(model);
  const signal = interruptSignal();
  // A stranger's file may crash the runtime, which then ends its own process alone.
  const opening = openBackend(backend, { isolate: true });
  opening.catch(() => undefined);
  const { runEvaluate } = await import("../runs/evaluate.ts");
  await runEvaluate(options, { signal, opening });
}
