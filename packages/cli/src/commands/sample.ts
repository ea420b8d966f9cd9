import { resolve } from "node:path";
import { GenError } from "@gen/math";
import { type Backend, openBackend } from "@gen/runtime-gpu";
import {
  defaultEta,
  defaultSampler,
  type GenerateOptions,
  generate,
  optimalTimesteps,
  type SamplerName,
  samplerNames,
  schedulerSteps,
  torchNoise,
} from "@gen/sampling";
import { Command } from "commander";
import { usageError } from "../errors.ts";
import { claimOutput } from "../files.ts";
import { type LoadedPipeline, readModelFolder } from "../model-folder.ts";
import {
  type CommonOptions,
  choice,
  decimal,
  integer,
  path,
  size,
  withCommonOptions,
} from "../options.ts";
import {
  checkEta,
  checkNoise,
  checkShape,
  openShape,
  readInit,
  samplerHelp,
} from "../sample-input.ts";
import { checkOutput, outputKind, writeSamples } from "../sample-output.ts";
import { unscale } from "../scaling.ts";
import { overrideScheduler, type SchedulerFlags } from "../scheduler-overrides.ts";
import { interruptSignal, print, progress } from "../terminal.ts";

interface SampleCommandOptions extends CommonOptions, SchedulerFlags {
  readonly model?: string;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
  readonly count?: number;
  readonly size?: readonly [number, number];
  readonly init?: string;
  readonly torchSeed?: number;
  readonly compat?: "diffusers";
  readonly clip: boolean;
}

/** `gen sample`. */
export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("draw samples from a pipeline folder")
    .option(
      "--model <folder>",
      "a pipeline folder or its http(s) URL, with unet/model.onnx, scheduler/scheduler_config.json, and vae_decoder/model.onnx for latents",
      path,
    )
    .addOption(
      choice(
        "--sampler <name>",
        "the sampler (default: the scheduler's class itself)",
        samplerNames,
      ),
    )
    .option(
      "--steps <n>",
      "sampling steps (default: 20; 4 for lcm, every training step for ddpm)",
      integer(1, 100000),
    )
    .option(
      "--eta <x>",
      "ddim, euler-ancestral: fresh noise at each step, from 0 (none) to 1 (as ddpm) (default: 0 for ddim, else 1)",
      decimal(0, 1),
    )
    .option("--count <n>", "number of samples (default: 16, or as many as --init has)", integer(1))
    .option(
      "--size <h>[x<w>]",
      "height and width of the denoiser's output, if the model leaves them open (default: those of unet/config.json or --init)",
      size,
    )
    .option(
      "--init <file.npy>",
      "initial noise [count, ...] as floats, instead of the seed's",
      path,
    )
    .option(
      "--torch-seed <n>",
      "draw all noise as PyTorch does on the CPU after torch.manual_seed(n), instead of --seed",
      integer(0),
    )
    .addOption(
      choice(
        "--compat <library>",
        "follow the scheduler's class fault for fault (default: where it is wrong, the right formula; --torch-seed implies it)",
        ["diffusers"],
      ),
    )
    .addOption(
      choice("--predicts <type>", "what the denoiser predicts, in place of the scheduler's", [
        "epsilon",
        "sample",
        "v",
        "flow",
      ]),
    )
    .addOption(
      choice(
        "--spacing <name>",
        "how the steps are spread, in place of the scheduler's; optimal looks at the model first",
        ["leading", "trailing", "linspace", "optimal"],
      ),
    )
    .option(
      "--schedule-shift <x>",
      "the shift of a flow's schedule, in place of the scheduler's",
      decimal(0, 1000, true),
    )
    .option("--zero-snr", "rescale the betas so that the last level holds no signal")
    .option("--no-clip", "do not clip the clean estimate, even if the scheduler does");
  return withCommonOptions(command, "samples.png")
    .addHelpText(
      "after",
      `
Samplers:
${samplerHelp()}

An --out path with the ending .png is a picture of all samples, with .npy the numbers (images in
[-1, 1]). Any other path is a folder with both and a file for each image.

If the scheduler clips, ddim keeps the predicted noise and ddpm computes it again, as diffusers'
DDIMScheduler and DDPMScheduler do. --torch-seed draws the initial noise first, then the noise of
each step, for all samples at once, as they do.

If a flow's shift grows with the image, 2 x 2 pixels of the denoiser's output are one token, as in
diffusers' pipelines.

A model at a URL is downloaded once, kept in the user's cache and checked on each use.

Examples:
  gen sample --model moons --count 2000 --out moons.png
  gen sample --model digits --sampler ddpm --seed 7 --out digits/
  gen sample --model latents --steps 50 --eta 0.5 --out garments.npy
  gen sample --model theirs --sampler dpm-solver++ --size 32 --torch-seed 0 --out theirs.png`,
    )
    .action(run);
}

async function run(options: SampleCommandOptions, command: Command): Promise<void> {
  const { model, out, seed, torchSeed, eta, steps, clip } = options;
  // A mandatory option of the parser would be reported before an unknown flag.
  if (model === undefined)
    throw usageError("--model must be given: a folder as `gen train ddpm` makes it");
  checkEta(eta, options.sampler);
  checkNoise(options, command.getOptionValueSource("seed") !== "default");
  const kind = outputKind(out);
  await claimOutput(out, { force: options.force, kind: kind === "folder" ? "folder" : "file" });
  const signal = interruptSignal();
  // A stranger's file may crash the runtime. That ends the runtime's own process alone, which starts
  // while the files are read.
  const opening = openBackend(options.backend, { isolate: true });
  opening.catch(() => undefined);
  const init = options.init === undefined ? undefined : await readInit(options.init);
  const shape = openShape(options.size, init?.item);
  const loaded = await readModelFolder(model, { shape, signal });
  const { pipeline, notes } = overrideScheduler(loaded, options);
  checkShape(options, init, pipeline.shape);
  const count = init?.count ?? options.count ?? 16;
  if (options.count !== undefined && options.count !== count)
    throw usageError(`--count must be ${count}, as many as --init has, got ${options.count}`);
  const sampler = options.sampler ?? defaultSampler(pipeline.scheduler);
  const named = samplerNames.find((name) => name === sampler);
  checkEta(eta, named);
  checkOutput(out, kind, count, pipeline);
  const compat = options.compat ?? (torchSeed === undefined ? undefined : "diffusers");
  const choices = { ...(options.sampler && { sampler: options.sampler }), steps, eta, compat };
  if (options.spacing !== "optimal") notes.push(...notesOf(pipeline, choices));
  notes.push(...(pipeline.warnings ?? []));
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  const backend = await opening;
  try {
    const spacing =
      options.spacing === "optimal"
        ? await optimalSpacing(pipeline, { backend, seed, steps: steps ?? 20, signal })
        : undefined;
    const line = progress(`${sampler.toUpperCase()} on ${backend.name}`);
    const started = performance.now();
    const samples = await generate(pipeline, {
      backend,
      count,
      ...choices,
      ...(spacing && { spacing, steps: spacing.length }),
      seed,
      noise:
        torchSeed === undefined ? init?.noise : (shape, part) => torchNoise(torchSeed, shape, part),
      ...(!clip && { clip: false as const }),
      signal,
      onStep: ({ done, steps }) => line.update(done * steps, steps),
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw new GenError(
        "interrupted",
        "interrupted before the samples were done; nothing was written",
      );
    });
    const seconds = (performance.now() - started) / 1000;
    if (pipeline.scaling) unscale(samples.x, pipeline.scaling);
    line.finish(`${samples.steps} steps`);
    await writeSamples(out, kind, samples);
    const presetEta = named && defaultEta(named);
    print(
      options.json,
      {
        out: resolve(out),
        shape: samples.shape,
        sampler,
        steps: samples.steps,
        ...(presetEta !== undefined && { eta: eta ?? presetEta }),
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

/** Where the table that will be sampled differs from the scheduler's class or passes over its fields. */
function notesOf(
  { scheduler, denoiser, shape }: LoadedPipeline,
  choices: Pick<GenerateOptions, "sampler" | "steps" | "eta" | "compat">,
): readonly string[] {
  const [, height = 1, width = 1] = shape;
  const config = { ...scheduler, predictionType: denoiser.predicts };
  try {
    return schedulerSteps(config, { imageLength: (height * width) / 4, ...choices }).notes;
  } catch (error) {
    if (error instanceof RangeError) throw usageError(error.message, { cause: error });
    throw error;
  }
}

/** The time steps of `optimalTimesteps`, with progress. */
async function optimalSpacing(
  { denoiser, scheduler, shape }: LoadedPipeline,
  options: { backend: Backend; seed: number; steps: number; signal: AbortSignal },
): Promise<readonly number[]> {
  const line = progress("Looking for the best steps");
  const { schedule } = scheduler;
  const { steps } = options;
  if (steps > schedule.length) {
    throw usageError(
      `--steps must be at most ${schedule.length} with --spacing optimal, got ${steps}`,
    );
  }
  const fine = Math.min(Math.max(100, steps), schedule.length);
  const list = await optimalTimesteps({
    ...options,
    denoiser,
    schedule,
    shape: [16, ...shape],
    fine,
    onProgress: (done) => line.update(done * fine, fine),
  });
  line.finish(`steps ${list.join(", ")}`);
  return list;
}
