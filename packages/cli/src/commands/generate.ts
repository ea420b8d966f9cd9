import { openBackend } from "@gen/runtime-gpu/open";
import { Command } from "commander";
import { usageError } from "../errors.ts";
import { checkModelFolder, claimOutput } from "../files.ts";
import { sigmaNames, spacingNames } from "../names.ts";
import {
  choice,
  controlFile,
  decimal,
  embeddingFile,
  integer,
  loraFile,
  path,
  pixels,
  withCommonOptions,
} from "../options.ts";
import { outputKind } from "../output-kind.ts";
import { likePicture, type PictureFlags } from "../picture-flags.ts";
import { checkEta, etaDefaults, etaHelp, samplerHelp, samplerOption } from "../samplers.ts";
import { interruptSignal } from "../terminal.ts";

/** `gen generate`. */
export function generateCommand(): Command {
  const command = new Command("generate")
    .description("make pictures of a prompt")
    .argument("[prompts...]", "what the pictures show; several prompts make pictures of each")
    .option(
      "--model <folder>",
      "a folder of Stable Diffusion 1, 2, XL or 3, of a latent consistency model or of Flux in ONNX, as optimum exports it, or its http(s) URL",
      path,
    )
    .option("--negative <text>", "what the pictures do not show")
    .option(
      "--guidance <x>",
      "the scale of guidance; 1 or less is none, in half the time (default: 7.5; 5 for XL, 7 for SD3, 3.5 for Flux, 8.5 for LCM)",
      decimal(0, 1000),
    )
    .option(
      "--guidance-rescale <x>",
      "how far guided predictions get the spread of plain ones, from 0 to 1",
      decimal(0, 1),
    )
    .addOption(samplerOption())
    .addOption(
      choice(
        "--sigmas <name>",
        "how the noise levels are spread, in place of the sampler's own",
        sigmaNames,
      ),
    )
    .addOption(
      choice(
        "--spacing <name>",
        "how the time steps are spread, in place of the scheduler's",
        spacingNames,
      ),
    )
    .option(
      "--steps <n>",
      "sampling steps (default: 50; 28 for SD3 and Flux, 4 for LCM)",
      integer(1, 100000),
    )
    // Pipelines give TCD's scheduler 0, as diffusers' do.
    .option("--eta <x>", etaHelp({ ...etaDefaults, tcd: 0 }), decimal(0, 1))
    .option("--count <n>", "pictures of each prompt (default: 1)", integer(1))
    .option(
      "--size <w>[x<h>]",
      "width and height of a picture in pixels (default: the model's)",
      pixels,
    )
    .option(
      "--torch-seed <n>",
      "draw all noise as PyTorch does after torch.manual_seed(n), instead of --seed",
      integer(0),
    )
    .addOption(
      choice("--torch-device <name>", "where PyTorch would draw (default: cpu)", ["cpu", "cuda"]),
    )
    .option("--clip-skip <n>", "layers that are left out at the end of CLIP", integer(0, 64))
    .option("--weighted", "read (word:1.3) in the prompt as a weight")
    .option(
      "--image <file>",
      "a PNG or npy file that the pictures start from; they get its size",
      path,
    )
    .option(
      "--strength <x>",
      "how much of the image changes, from 0 to 1 (default: 0.8; 0.3 for XL, 0.6 for SD3 and Flux; 1 with --mask for most)",
      decimal(0, 1, true),
    )
    .option(
      "--mask <file>",
      "a PNG or npy file as large as the image; what is white is painted anew",
      path,
    )
    .option(
      "--image-guidance <x>",
      "for a model that edits images: how near to the image it stays (default: 1.5)",
      decimal(0, 1000),
    )
    .option(
      "--lora <file[:strength]>",
      "a LoRA in safetensors, merged into the model; repeat it for more (default strength: 1)",
      loraFile,
    )
    .option(
      "--embedding <[word=]file>",
      "a textual inversion in safetensors, whose word prompts may have; repeat it for more (default word: the file's own, else the file's name)",
      embeddingFile,
    )
    .option(
      "--control <folder:picture[:scale[:start-end]]>",
      "a ControlNet in ONNX and a PNG or npy file that it takes, its scale, and the shares of the steps between which it counts; repeat it for more (default scale: 1; all steps)",
      controlFile,
    )
    .option(
      "--decoder <folder>",
      "a folder whose vae_decoder/ makes the pictures, such as a tiny decoder's, or its URL",
      path,
    )
    .option(
      "--tile <n>",
      "side in pixels of the tiles in which the VAE works, in less memory (default: no tiles)",
      integer(1),
    )
    .option("--safety-checker", "let the model's safety checker make unsafe pictures black")
    .option(
      "--previews <folder>",
      "write a small picture of each step there, a pixel for each latent",
      path,
    )
    .option("--like <picture.png>", "take the settings of a picture; flags win over them", path);
  return withCommonOptions(command, "picture.png")
    .addHelpText(
      "after",
      `
Samplers:
${samplerHelp()}

An --out path with the ending .png is the picture, or a sheet of several, with .npy the numbers in
[-1, 1]. Any other path is a folder with both and a file for each picture. A PNG keeps its
settings, from which --like makes it again. --like also takes a picture of Stable Diffusion web UI:
its samplers and schedules become ours, with a note where the same one is not known.

The image of --image is a PNG, or an npy file of bytes [height, width, 3] or of floats
[3, height, width] in [-1, 1], in [0, 1] for --control; a mask is a PNG, or bytes [height, width]
or floats in [0, 1]. The pictures are as large as the image, or as the picture of --control.
A picture keeps the paths and SHA-256 of these files, of its LoRAs and of its words, for --like.

With --torch-seed and no other setting, the picture is that of diffusers' pipeline after
torch.manual_seed(n).

Examples:
  gen generate "a red fox" --model sd15 --out fox.png
  gen generate "a red fox" --model sd15 --negative blurry --steps 20 --sampler dpm-solver++
  gen generate "a fox" "a dog" --model sd15 --count 4 --size 512x768 --torch-seed 7 --out animals/
  gen generate "a fox in snow" --model sd15 --image fox.png --strength 0.6 --out snow.png
  gen generate "a hat" --model inpainting --image fox.png --mask head.png --out hat.png
  gen generate "a red fox" --model sd15 --lora ink.safetensors:0.8 --out ink.png
  gen generate "a <toy> fox" --model sd15 --embedding toy.safetensors --out toy.png
  gen generate "a dancer" --model sd15-control --control openpose:pose.png:0.8 --out dancer.png
  gen generate --like fox.png --model sd15 --seed 1 --out other.png`,
    )
    .action(run);
}

async function run(prompts: string[], flags: PictureFlags, command: Command): Promise<void> {
  const isSeeded = command.getOptionValueSource("seed") !== "default";
  if (flags.torchSeed !== undefined && isSeeded) {
    throw usageError("--torch-seed takes the place of --seed; leave one of them out");
  }
  const { settings, notes } = await likePicture(prompts, flags, isSeeded);
  const { out, force, backend, previews } = flags;
  if (settings.prompt === undefined) {
    throw usageError(
      'gen generate needs a prompt, such as: gen generate "a red fox" --model folder',
    );
  }
  const { model } = settings;
  if (model === undefined)
    throw usageError("--model must be given: a folder of a text-to-image model in ONNX");
  checkEta(flags.eta, flags.sampler);
  const kind = outputKind(out);
  await claimOutput(out, { force, kind: kind === "folder" ? "folder" : "file" });
  if (previews !== undefined) await claimOutput(previews, { force, kind: "folder" }, "--previews");
  const signal = interruptSignal();
  await checkModelFolder(model);
  if (settings.decoder !== undefined) await checkModelFolder(settings.decoder, "--decoder");
  for (const { net } of settings.controls ?? []) await checkModelFolder(net, "--control");
  // A stranger's file may crash the runtime. That ends the runtime's own process alone, which starts
  // while this process loads its modules and reads the files.
  const opening = openBackend(backend, { isolate: true });
  opening.catch(() => undefined);
  const { runGenerate } = await import("../runs/generate.ts");
  const { prompt } = settings;
  await runGenerate(
    { ...settings, prompt, model },
    { out, json: flags.json, kind, previews, signal, opening, notes },
  );
}
