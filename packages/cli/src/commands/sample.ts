import { resolve } from "node:path";
import { Command, Option } from "commander";
import { Interrupted, UsageError } from "../errors.ts";
import { claimOutput } from "../files.ts";
import { readInit } from "../initial-noise.ts";
import { interruptSignal } from "../interrupt.ts";
import { type LoadedPipeline, readModelFolder } from "../model-folder.ts";
import { openBackend } from "../open-backend.ts";
import { type CommonOptions, path, real, whole, withCommonOptions } from "../options.ts";
import { print } from "../print.ts";
import { progress } from "../progress.ts";
import { checkOutput, outputKind, writeSamples } from "../sample-output.ts";
import { type SamplingChoice, samplePipeline } from "../sample-pipeline.ts";

interface SampleCommandOptions extends CommonOptions {
  readonly model?: string;
  readonly sampler: SamplingChoice["sampler"];
  readonly steps?: number;
  readonly eta?: number;
  readonly count?: number;
  readonly init?: string;
  readonly clip: boolean;
}

/** `gen sample`. */
export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("draw samples from a pipeline folder")
    .addOption(
      new Option(
        "--model <folder>",
        "the pipeline: unet/model.onnx, scheduler/scheduler_config.json, and vae_decoder/model.onnx for latents",
      ).argParser(path),
    )
    .addOption(
      new Option("--sampler <name>", "how noise becomes data")
        .choices(["ddpm", "ddim"])
        .default("ddim"),
    )
    .addOption(
      new Option(
        "--steps <n>",
        "network evaluations (default: 20 for ddim, every training step for ddpm)",
      ).argParser(whole(1, 100000)),
    )
    .addOption(
      new Option(
        "--eta <x>",
        "ddim: fresh noise at each step, from 0 (none) to 1 (as ddpm) (default: 0)",
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
        "--init <file.npy>",
        "the initial noise [count, ...] as floats, in place of the seed's",
      ).argParser(path),
    )
    .option("--no-clip", "do not bound the clean estimate, whatever the scheduler says");
  return withCommonOptions(command, "samples.png")
    .addHelpText(
      "after",
      `
--out ending in .png is a picture of all samples, .npy the numbers (images in [-1, 1]); any other
path is a folder with both and each image by itself.

Where the scheduler clips, ddim keeps the predicted noise and ddpm re-derives it, as diffusers'
DDIMScheduler and DDPMScheduler do.

Examples:
  gen sample --model moons --count 2000 --out moons.png
  gen sample --model digits --sampler ddpm --seed 7 --out digits/
  gen sample --model latents --steps 50 --eta 0.5 --out garments.npy`,
    )
    .action(run);
}

async function run(options: SampleCommandOptions): Promise<void> {
  const { out, seed, sampler, eta, steps, clip } = options;
  // Not a mandatory option of the parser, which would hide an unknown flag behind this.
  if (options.model === undefined)
    throw new UsageError("--model must be given: a folder as `gen train ddpm` makes it");
  if (eta !== undefined && sampler !== "ddim")
    throw new UsageError("--eta is for --sampler ddim; ddpm has none");
  const kind = outputKind(out);
  await claimOutput(out, { force: options.force, kind: kind === "folder" ? "folder" : "file" });
  const signal = interruptSignal();
  const pipeline = await readModelFolder(options.model);
  const init =
    options.init === undefined ? undefined : await readInit(options.init, pipeline.shape);
  const count = init?.count ?? options.count ?? 16;
  if (options.count !== undefined && options.count !== count)
    throw new UsageError(`--count must be ${count}, as many as --init has, got ${options.count}`);
  checkOutput(out, kind, count, pipeline);
  for (const note of notes(pipeline)) process.stderr.write(`note: ${note}\n`);
  const backend = await openBackend(options.backend);
  try {
    const shown = progress(`${sampler.toUpperCase()} on ${backend.name}`);
    const started = performance.now();
    const samples = await samplePipeline({
      backend,
      pipeline,
      choice: { sampler, steps, eta, clip },
      count,
      seed,
      x: init?.data,
      signal,
      onStep: (done, total) => shown.update(done, total),
    }).catch((error: unknown) => {
      throw signal.aborted
        ? new Interrupted("interrupted before the samples were done; nothing was written")
        : error;
    });
    const seconds = (performance.now() - started) / 1000;
    shown.finish(`${samples.steps} steps`);
    await writeSamples(out, kind, samples);
    print(
      options.json,
      {
        out: resolve(out),
        shape: samples.shape,
        sampler,
        steps: samples.steps,
        ...(sampler === "ddim" && { eta: eta ?? 0 }),
        seed,
        seconds,
        backend: backend.name,
      },
      [`${count} ${count === 1 ? "sample is" : "samples are"} in ${out}`],
    );
  } finally {
    await backend.close();
  }
}

/** What a scheduler's file says that sampling does not heed. */
function notes({ scheduler }: LoadedPipeline): string[] {
  const { className, unknown } = scheduler;
  if (unknown.length === 0) return [];
  return [`fields that ${className} does not have are passed over: ${unknown.join(", ")}`];
}
