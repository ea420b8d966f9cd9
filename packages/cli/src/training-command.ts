import { join, resolve } from "node:path";
import { openBackend } from "@gen/runtime-gpu";
import type { Command } from "commander";
import { replaceFile } from "./atomic-files.ts";
import { lossChart } from "./drawing/pictures.ts";
import { usageError } from "./errors.ts";
import { checkWritable, readInside } from "./files.ts";
import { withFolderLock } from "./folder-lock.ts";
import type { JobOptions } from "./jobs.ts";
import { dataNames, fingerprint, type OpenedData, openData } from "./open-data.ts";
import { type CommonOptions, decimal, integer, path, range, saveEveryOption } from "./options.ts";
import { interruptSignal, invocation, note, print } from "./terminal.ts";
import type { Trained } from "./train-model.ts";
import type { History } from "./training-record.ts";

/** Options of every training. */
export interface TrainOptions extends CommonOptions {
  readonly data: string;
  readonly range?: readonly [number, number];
  readonly steps: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly width?: number;
  readonly saveEvery: number;
}

const dataHelp = `${dataNames.join(", ")}, or a path: a folder of PNG files, or an idx, npy, npz or csv file`;

/** The end of every training's help. */
export const resumeHelp = `
After Ctrl-C, a full disk or a crash the folder can be used. The same command continues the training
from the last save and ends at the same weights. --out may be a folder with the training to continue,
but with no other. One process at a time trains into a folder.`;

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
    )
    .addOption(saveEveryOption());

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
  work: (job: Omit<JobOptions, "label">) => Promise<readonly [Trained, string, string]>,
): Promise<void> {
  const { out, json, data, force, saveEvery } = options;
  // Embedded data never change, and toys follow from the seed.
  const dataHash = dataNames.includes(data) ? undefined : fingerprint(dataset);
  const signal = interruptSignal();
  const backend = await openBackend(options.backend);
  const job = { folder: out, backend, signal, force, saveEvery, dataHash, dataset };
  try {
    await withFolderLock(out, async () => {
      const [{ record, reused, restored }, where, next] = await work(job);
      const chart = lossChart(title, record.history);
      const drawn = reused && (await readInside(out, "loss.png", 2 ** 26));
      const isDrawn = drawn && Buffer.compare(drawn, chart) === 0;
      const written = [...restored, ...(isDrawn ? [] : ["loss.png"])];
      if (reused && written.length === 0) {
        throw usageError(
          `--out ${out} holds this model already, trained to step ${record.step}; choose another or pass --force`,
        );
      }
      if (!isDrawn) await replaceFile(join(out, "loss.png"), chart);
      if (reused) note(`the model was trained already; written again: ${written.join(", ")}`);
      const { step: steps, seconds, history } = record;
      const losses = lastLosses(history);
      print(json, { out: resolve(out), steps, seconds, losses, backend: backend.name }, [
        where,
        `next: ${invocation()} ${next}`,
      ]);
    });
  } finally {
    await backend.close();
  }
}

/** The last reading of each loss. */
export const lastLosses = ({ losses }: History): Record<string, number> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, values]) => [name, values.at(-1) as number]),
  );
