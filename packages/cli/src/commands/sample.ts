import { resolve } from "node:path";
import { GenError } from "@gen/math";
import {
  defaultEta,
  defaultSampler,
  type GenerateOptions,
  generate,
  type SamplerName,
  samplerNames,
  schedulerNotes,
  torchNoise,
} from "@gen/sampling";
import { Command, Option } from "commander";
import { usageError } from "../errors.ts";
import { claimOutput } from "../files.ts";
import { checkInit, readInit } from "../initial-noise.ts";
import { interruptSignal } from "../interrupt.ts";
import { readModelFolder } from "../model-folder.ts";
import { openBackend } from "../open-backend.ts";
import { type CommonOptions, path, real, size, whole, withCommonOptions } from "../options.ts";
import { print } from "../print.ts";
import { progress } from "../progress.ts";
import { checkEta, checkNoise, checkSize, openShape } from "../sample-checks.ts";
import { checkOutput, outputKind, writeSamples } from "../sample-output.ts";
import { samplerHelp } from "../samplers.ts";
import { unscale } from "../scaling.ts";

interface SampleCommandOptions extends CommonOptions {
  readonly model?: string;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
  readonly count?: number;
  readonly size?: readonly [number, number];
  readonly init?: string;
  readonly torchSeed?: number;
  readonly clip: boolean;
}

/** `gen sample`. */
export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("draw samples from a pipeline folder")
    .addOption(
      new Option(
        "--model <folder>",
        "the pipeline, here or at an http(s) URL: unet/model.onnx, scheduler/scheduler_config.json, and vae_decoder/model.onnx for latents",
      ).argParser(path),
    )
    .addOption(
      new Option(
        "--sampler <name>",
        "how noise becomes data (default: the scheduler's, where its class is one, else ddim)",
      ).choices(samplerNames),
    )
    .addOption(
      new Option(
        "--steps <n>",
        "moves from noise to data (default: 20; 4 for lcm, every training step for ddpm)",
      ).argParser(whole(1, 100000)),
    )
    .addOption(
      new Option(
        "--eta <x>",
        "ddim, euler-ancestral: fresh noise at each step, from 0 (none) to 1 (as ddpm) (default: 0 for ddim, else 1)",
      ).argParser(real(0, 1)),
    )
    .addOption(
      new Option(
        "--count <n>",
        "how many samples (default: 16, or as many as --init has)",
      ).argParser(whole(1)),
    )
    .addOption(
      new Option(
        "--size <h>[x<w>]",
        "height and width of what the denoiser makes, for one that takes any (default: unet/config.json's, or --init's)",
      ).argParser(size),
    )
    .addOption(
      new Option(
        "--init <file.npy>",
        "the initial noise [count, ...] as floats, in place of the seed's",
      ).argParser(path),
    )
    .addOption(
      new Option(
        "--torch-seed <n>",
        "all noise as PyTorch draws it on the CPU after torch.manual_seed(n), in place of --seed",
      ).argParser(whole(0)),
    )
    .option("--no-clip", "do not bound the clean estimate, whatever the scheduler says");
  return withCommonOptions(command, "samples.png")
    .addHelpText(
      "after",
      `
Samplers:
${samplerHelp()}

--out ending in .png is a picture of all samples, .npy the numbers (images in [-1, 1]); any other
path is a folder with both and each image by itself.

Where the scheduler clips, ddim keeps the predicted noise and ddpm re-derives it, as diffusers'
DDIMScheduler and DDPMScheduler do. --torch-seed draws as they do too: the initial noise, then that
of each step, for all samples at once.

A flow's shift that grows with the image takes 2 x 2 of what the denoiser makes as one token, as
diffusers' pipelines do.

What --model names by its URL is downloaded once, kept in the user's cache and checked on each use.

Examples:
  gen sample --model moons --count 2000 --out moons.png
  gen sample --model digits --sampler ddpm --seed 7 --out digits/
  gen sample --model latents --steps 50 --eta 0.5 --out garments.npy
  gen sample --model theirs --sampler dpm-solver++ --size 32 --torch-seed 0 --out theirs.png`,
    )
    .action(run);
}

async function run(options: SampleCommandOptions, command: Command): Promise<void> {
  const { out, seed, torchSeed, eta, steps, clip } = options;
  // Not a mandatory option of the parser, which would hide an unknown flag behind this.
  if (options.model === undefined)
    throw usageError("--model must be given: a folder as `gen train ddpm` makes it");
  checkEta(eta, options.sampler);
  checkNoise(options, command.getOptionValueSource("seed") !== "default");
  const kind = outputKind(out);
  await claimOutput(out, { force: options.force, kind: kind === "folder" ? "folder" : "file" });
  const signal = interruptSignal();
  const init = options.init === undefined ? undefined : await readInit(options.init);
  const pipeline = await readModelFolder(options.model, {
    shape: openShape(options.size, init?.item),
    signal,
  });
  checkSize(options.size, pipeline.shape);
  if (init) checkInit(options.init as string, init, pipeline.shape);
  const count = init?.count ?? options.count ?? 16;
  if (options.count !== undefined && options.count !== count)
    throw usageError(`--count must be ${count}, as many as --init has, got ${options.count}`);
  const sampler = options.sampler ?? defaultSampler(pipeline.scheduler);
  checkEta(eta, sampler);
  checkOutput(out, kind, count, pipeline);
  for (const note of schedulerNotes(pipeline.scheduler)) process.stderr.write(`note: ${note}\n`);
  const backend = await openBackend(options.backend);
  try {
    const shown = progress(`${sampler.toUpperCase()} on ${backend.name}`);
    const started = performance.now();
    const samples = await generate(pipeline, {
      backend,
      count,
      sampler,
      steps,
      eta,
      seed,
      noise: noiseOf(options, init),
      ...(!clip && { clip: false as const }),
      signal,
      onStep: ({ done, steps }) => shown.update(done * steps, steps),
    }).catch((error: unknown) => {
      throw signal.aborted
        ? new GenError(
            "interrupted",
            "interrupted before the samples were done; nothing was written",
          )
        : error;
    });
    const seconds = (performance.now() - started) / 1000;
    if (pipeline.scaling) unscale(samples.x, pipeline.scaling);
    shown.finish(`${samples.steps} steps`);
    await writeSamples(out, kind, samples);
    const usual = defaultEta(sampler);
    print(
      options.json,
      {
        out: resolve(out),
        shape: samples.shape,
        sampler,
        steps: samples.steps,
        ...(usual !== undefined && { eta: eta ?? usual }),
        ...(torchSeed === undefined ? { seed } : { torchSeed }),
        seconds,
        backend: backend.name,
      },
      [`${count} ${count === 1 ? "sample is" : "samples are"} in ${out}`],
    );
  } finally {
    await backend.close();
  }
}

/** Noise from PyTorch's generator, or the initial noise of a file. */
function noiseOf(
  { torchSeed }: SampleCommandOptions,
  init: Awaited<ReturnType<typeof readInit>> | undefined,
): GenerateOptions["noise"] {
  if (torchSeed !== undefined) return (shape, part) => torchNoise(torchSeed, shape, part);
  if (!init) return undefined;
  return ([batch], { firstIndex }) => {
    const size = init.data.length / init.count;
    return { x: init.data.subarray(firstIndex * size, (firstIndex + batch) * size) };
  };
}
