import { join, resolve } from "node:path";
import type { Backend } from "@gen/runtime-gpu";
import { type Command, Option } from "commander";
import { lossChart } from "./drawing/pictures.ts";
import { usageError } from "./errors.ts";
import { writableFolder, writeWhole } from "./files.ts";
import { interruptSignal } from "./interrupt.ts";
import { openBackend } from "./open-backend.ts";
import { dataNames, fingerprint, type OpenedData, openData } from "./open-data.ts";
import { type CommonOptions, path, range, real, whole } from "./options.ts";
import { invocation, print } from "./print.ts";
import type { TrainingRecord } from "./training-folder.ts";

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
export const resuming = `
After Ctrl-C the folder can be used as it is; the same command again goes on from there and ends
at the same weights. --out may hold a training only to go on with it.`;

/** Adds the options that every training takes. */
export function withTrainOptions(command: Command, steps: number, data: string): Command {
  return command
    .addOption(new Option("--data <name|path>", dataHelp).default(data).argParser(path))
    .addOption(
      new Option(
        "--range <low,high>",
        "values that mean black and white in a file of floats (found out for 0,1 and -1,1)",
      ).argParser(range),
    )
    .addOption(new Option("--steps <n>", "training steps").default(steps).argParser(whole(1, 1e8)))
    .addOption(
      new Option("--batch <n>", "items in a batch (default: 128, or 256 for points)").argParser(
        whole(1, 65536),
      ),
    )
    .addOption(
      new Option(
        "--learning-rate <x>",
        "Adam's peak rate, between a warm-up and a cosine decay (default: 0.001, or 0.002 for points)",
      ).argParser(real(0, 1, true)),
    );
}

/** The data and how to go through them, checked before anything else is begun. */
export async function prepared(options: TrainOptions & { readonly vae?: string }) {
  const { data, seed, steps, out } = options;
  await writableFolder(out);
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

type Finished = readonly [record: TrainingRecord, where: string, next: string];

/** Opens the backend, does the work and reports it. */
export async function train(
  options: TrainOptions,
  opened: OpenedData,
  title: string,
  work: (job: ReturnType<typeof jobOf>) => Promise<Finished>,
): Promise<void> {
  const { out, json } = options;
  const signal = interruptSignal();
  const backend = await openBackend(options.backend);
  try {
    const [record, where, next] = await work(jobOf(options, opened, backend, signal));
    await writeWhole(join(out, "loss.png"), lossChart(title, record.history));
    const { step, seconds, history } = record;
    const losses = lastLosses(history.losses);
    print(json, { out: resolve(out), steps: step, seconds, losses, backend: backend.name }, [
      where,
      `next: ${invocation()} ${next}`,
    ]);
  } finally {
    await backend.close();
  }
}

const jobOf = (
  { out: folder, force, data }: TrainOptions,
  { train }: OpenedData,
  backend: Backend,
  signal: AbortSignal,
) => ({
  folder,
  backend,
  signal,
  force,
  reuse: false,
  // Embedded data never change, and toys follow from the seed.
  dataHash: dataNames.includes(data) ? undefined : fingerprint(train),
});

/** The last reading of each loss. */
export const lastLosses = (
  losses: Readonly<Record<string, readonly number[]>>,
): Record<string, number> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, values]) => [name, values[values.length - 1]]),
  );
