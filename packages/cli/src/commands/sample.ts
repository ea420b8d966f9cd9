import { extname, resolve } from "node:path";
import { readNpy, writeNpy, writePng } from "@gen/data";
import { Command, Option } from "commander";
import { Interrupted, UsageError } from "../errors.ts";
import { claimOutput, readBounded, writeFolder, writeWhole } from "../files.ts";
import { interruptSignal } from "../interrupt.ts";
import { readModelFolder } from "../model-folder.ts";
import { openBackend } from "../open-backend.ts";
import { type CommonOptions, real, whole, withCommonOptions } from "../options.ts";
import { pictureOf } from "../pictures.ts";
import { print } from "../print.ts";
import { progress } from "../progress.ts";
import { type PipelineSamples, type SamplingChoice, samplePipeline } from "../sample-pipeline.ts";

interface SampleCommandOptions extends CommonOptions {
  readonly model: string;
  readonly sampler: SamplingChoice["sampler"];
  readonly steps?: number;
  readonly eta?: number;
  readonly count?: number;
  readonly init?: string;
  readonly clip: boolean;
}

const initLimit = 2 ** 30;

/** `gen sample`. */
export function sampleCommand(): Command {
  const command = new Command("sample")
    .description(
      "draw samples from a pipeline folder (model_index.json, unet/, scheduler/, vae_decoder/)",
    )
    .requiredOption(
      "--model <folder>",
      "the pipeline, as `gen train ddpm` or diffusers' exporters lay it out",
    )
    .addOption(
      new Option("--sampler <name>", "how noise becomes data")
        .choices(["ddpm", "ddim"])
        .default("ddim"),
    )
    .addOption(
      new Option(
        "--steps <n>",
        "network evaluations (default: 20 for ddim, all for ddpm)",
      ).argParser(whole(1, 100000)),
    )
    .addOption(
      new Option(
        "--eta <x>",
        "ddim: fresh noise at each step, from 0 (none) to 1 (as ddpm)",
      ).argParser(real(0, 1)),
    )
    .addOption(
      new Option(
        "--count <n>",
        "how many samples (default: 16, or as many as --init has)",
      ).argParser(whole(1, 1e6)),
    )
    .option("--init <file.npy>", "the initial noise [count, ...] in place of the seed's")
    .option("--no-clip", "do not bound the clean estimate, whatever the scheduler says");
  return withCommonOptions(command, "samples.png")
    .addHelpText(
      "after",
      "\n--out ending in .png is a sheet of pictures, .npy the numbers; anything else is a folder with both.",
    )
    .action(run);
}

async function run(options: SampleCommandOptions): Promise<void> {
  if (options.eta !== undefined && options.sampler !== "ddim")
    throw new UsageError("--eta is for --sampler ddim; ddpm has none");
  await claimOutput(options.out, options.force);
  const pipeline = await readModelFolder(options.model);
  const init =
    options.init === undefined ? undefined : await readInit(options.init, pipeline.shape);
  if (init && options.count !== undefined && options.count !== init.count) {
    throw new UsageError(
      `--count must be ${init.count}, as many as --init has, got ${options.count}`,
    );
  }
  const choice = { sampler: options.sampler, steps: options.steps, eta: options.eta };
  const signal = interruptSignal();
  const backend = await openBackend(options.backend);
  try {
    const shown = progress(`${options.sampler.toUpperCase()} on ${backend.name}`);
    const started = performance.now();
    const samples = await samplePipeline({
      backend,
      pipeline,
      choice,
      count: init?.count ?? options.count ?? 16,
      seed: options.seed,
      clip: options.clip,
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
    await writeSamples(
      options.out,
      samples,
      pipeline.scheduler.clip !== null || pipeline.vae !== undefined,
    );
    print(
      options.json,
      {
        out: resolve(options.out),
        shape: samples.shape,
        sampler: options.sampler,
        steps: samples.steps,
        eta: options.eta ?? 0,
        seed: options.seed,
        seconds,
        backend: backend.name,
      },
      [`${samples.shape[0]} samples are in ${options.out}`],
    );
  } finally {
    await backend.close();
  }
}

async function readInit(path: string, shape: readonly number[]) {
  const bytes = await readBounded(path, initLimit);
  if (!bytes) throw new UsageError(`--init ${path}: no such file`);
  const { data, shape: found } = readNpy(bytes, { name: path, limit: initLimit });
  const numbers = Float64Array.from(data as ArrayLike<number>, Number);
  const fits =
    found.length === shape.length + 1 && shape.every((d, i) => d === found[i + 1]) && found[0] > 0;
  if (!fits)
    throw new UsageError(
      `--init ${path} must be [count, ${shape.join(", ")}], got [${found.join(", ")}]`,
    );
  if (!numbers.every(Number.isFinite))
    throw new UsageError(`--init ${path} must hold finite numbers`);
  return { data: numbers, count: found[0] };
}

/** Writes a sheet (.png), the numbers (.npy), or a folder of both and of single pictures. */
export async function writeSamples(
  out: string,
  { data, shape }: PipelineSamples,
  bounded: boolean,
): Promise<void> {
  const npy = () => writeNpy({ data, shape });
  const range = bounded || shape.length > 2 ? ([-1, 1] as const) : ([0, 1] as const);
  const drawable =
    (shape.length === 4 && (shape[1] === 1 || shape[1] === 3)) ||
    (shape.length === 2 && shape[1] === 2);
  const kind = extname(out).toLowerCase();
  if (kind === ".npy") return writeWhole(out, npy());
  if (!drawable && kind === ".png")
    throw new UsageError(
      `--out ${out}: samples [${shape.join(", ")}] are no pictures; choose a path that ends in .npy`,
    );
  if (kind === ".png") return writeWhole(out, writePng(pictureOf(data, shape, range)));
  const files: Record<string, Uint8Array> = { "samples.npy": npy() };
  if (drawable) files["sheet.png"] = writePng(pictureOf(data, shape, range));
  if (drawable && shape.length === 4) {
    const size = data.length / shape[0];
    for (let i = 0; i < shape[0]; i++) {
      const one = {
        width: shape[3],
        height: shape[2],
        channels: shape[1] as 1 | 3,
        data: pixels(data.subarray(i * size, (i + 1) * size), shape[1]),
      };
      files[`${String(i).padStart(4, "0")}.png`] = writePng(one);
    }
  }
  await writeFolder(out, files);
}

/** [-1, 1] channels first to bytes, channels last. */
function pixels(data: Float32Array, channels: number): Uint8Array {
  const area = data.length / channels;
  return Uint8Array.from(data, (_, i) => {
    const value = data[(i % channels) * area + Math.floor(i / channels)];
    return Math.round(255 * Math.min(1, Math.max(0, (value + 1) / 2)));
  });
}
