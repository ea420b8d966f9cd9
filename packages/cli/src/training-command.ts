import { join, resolve } from "node:path";
import { openBackend } from "@gen/runtime-gpu";
import type { Command } from "commander";
import { lossChart } from "./drawing/pictures.ts";
import { usageError } from "./errors.ts";
import { checkWritable, replaceFile } from "./files.ts";
import type { JobOptions } from "./jobs.ts";
import { dataNames, fingerprint, type OpenedData, openData } from "./open-data.ts";
import { type CommonOptions, decimal, integer, path, range } from "./options.ts";
import { interruptSignal, invocation, print } from "./terminal.ts";
import type { History, TrainingRecord } from "./training-folder.ts";

/** Options of every training. */
export interface TrainOptions extends CommonOptions {
  readonly data: string;
  readonly range?: readonly [number, number];
  readonly steps: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly width?: number;
}

const dataHelp = `${dataNames.join(", ")}, or a path: a folder of PNG files, or an idx, npy, npz or csv file`;

/** The end of every training's help. */
export const resumeHelp = `
After Ctrl-C the folder can be used. The same command continues the training and ends at the same
weights. --out may be a folder with the training to continue, but with no other.`;

/** Adds the options that every training takes. */
export const withTrainOptions = (command: Command, steps: number, data: string): Command =>
  command
    .option("--data <name|path>", dataHelp, path, data)
    .option(
      "--range <low,high>",
      "values of black and white in a file of floats (default: 0,1 or -1,1 if all values fit)",
      range,
    )
    .option("--steps <n>", "training steps", integer(1, 1e8), steps)
    .option("--batch <n>", "items in a batch (default: 128, or 256 for points)", integer(1, 65536))
    .option(
      "--learning-rate <x>",
      "Adam's peak rate, between a warm-up and a cosine decay (default: 0.001, or 0.002 for points)",
      decimal(0, 1, true),
    );

/** Opens the data and completes the settings, checked before the training begins. */
export async function prepareData(options: TrainOptions & { readonly vae?: string }) {
  const { data, seed, steps, out } = options;
  await checkWritable(out);
  const opened = await openData(data, seed, options.range);
  const { length, shape } = opened.train;
  const arePoints = shape.length === 1 && !options.vae;
  const batch = options.batch ?? (arePoints ? 256 : 128);
  const learningRate = options.learningRate ?? (arePoints ? 2e-3 : 1e-3);
  if (length >= batch) return { opened, pace: { steps, batch, learningRate, seed } };
  throw usageError(
    `--data ${data} must have at least --batch ${batch} images or points to train on, got ${length} (a tenth of a file is held out)`,
  );
}

/** Opens the backend, trains and prints the result, with the command to run next. */
export async function train(
  options: TrainOptions,
  { train: dataset }: OpenedData,
  title: string,
  work: (job: Omit<JobOptions, "label">) => Promise<readonly [TrainingRecord, string, string]>,
): Promise<void> {
  const { out, json, data, force } = options;
  // Embedded data never change, and toys follow from the seed.
  const dataHash = dataNames.includes(data) ? undefined : fingerprint(dataset);
  const signal = interruptSignal();
  const backend = await openBackend(options.backend);
  const job = { folder: out, backend, signal, force, reuse: false, dataHash, dataset };
  try {
    const [record, where, next] = await work(job);
    await replaceFile(join(out, "loss.png"), lossChart(title, record.history));
    const { step: steps, seconds, history } = record;
    const losses = lastLosses(history);
    print(json, { out: resolve(out), steps, seconds, losses, backend: backend.name }, [
      where,
      `next: ${invocation()} ${next}`,
    ]);
  } finally {
    await backend.close();
  }
}

/** The last reading of each loss. */
export const lastLosses = ({ losses }: History): Record<string, number> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, values]) => [name, values.at(-1) as number]),
  );
