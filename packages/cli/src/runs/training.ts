import { join, resolve } from "node:path";
import type { Dataset } from "@gen/data";
import { openBackend } from "@gen/runtime-gpu";
import { replaceFile } from "../atomic-files.ts";
import { isDrawable, lossChart } from "../drawing/pictures.ts";
import { usageError } from "../errors.ts";
import { checkWritable, readInside } from "../files.ts";
import { withFolderLock } from "../folder-lock.ts";
import { heldOutItems } from "../held-out.ts";
import type { JobOptions } from "../jobs.ts";
import { isImages } from "../models.ts";
import { dataNames } from "../names.ts";
import { fingerprint, type OpenedData, openData } from "../open-data.ts";
import { captionLine, readPictureFolder } from "../picture-folder.ts";
import { defaultRate, rateSettings } from "../rates.ts";
import { interruptSignal, invocation, note, print } from "../terminal.ts";
import type { Trained } from "../train-model.ts";
import { bestOf } from "../training-history.ts";
import type { TrainOptions } from "../training-options.ts";
import { lastLosses } from "../training-record.ts";

/** Opens the data and completes the settings, checked before the training begins. */
export async function prepareData(options: TrainOptions & { readonly vae?: string }) {
  const { data, seed, steps, out, accumulate, augment } = options;
  if (options.earlyStop !== undefined && options.validateEvery === undefined)
    throw usageError(`--early-stop ${options.earlyStop} needs --validate-every`);
  await checkWritable(out);
  const pictures = dataNames.includes(data) ? undefined : await readPictureFolder(data);
  const captions = pictures && captionLine(pictures);
  if (captions) note(`${data}: ${captions}`);
  const opened = augmented(await openData(data, seed, options), options);
  const { length, shape } = opened.train;
  if (options.samplesEvery !== undefined && !isDrawable(shape))
    throw usageError(
      `--samples-every is for grey or color images and for points of the plane, ${data} holds [${shape.join(", ")}]`,
    );
  const arePoints = shape.length === 1 && !options.vae;
  const batch = options.batch ?? (arePoints ? 256 : 128);
  const learningRate = options.learningRate ?? defaultRate(arePoints, options.optimizer);
  if (batch % accumulate !== 0) {
    throw usageError(`--accumulate must divide --batch ${batch}, got ${accumulate}`);
  }
  const parts = {
    ...(accumulate > 1 && { accumulate }),
    ...(augment && { augment }),
    ...rateSettings(options),
  };
  if (length >= batch) return { opened, pace: { steps, batch, ...parts, learningRate, seed } };
  throw usageError(
    `--data ${data} must have at least --batch ${batch} images or points to train on, got ${length} (a tenth of a file is held out)`,
  );
}

/** The data with the random changes of --augment. @throws GenError `usage` when they do not fit. */
function augmented(
  opened: OpenedData,
  { augment, data, vae }: TrainOptions & { readonly vae?: string },
): OpenedData {
  if (!augment) return opened;
  if (vae) throw usageError("--augment must be left out with --vae: each picture is encoded once");
  const { dequantize, ...moves } = augment;
  const { train } = opened;
  if (Object.keys(moves).length > 0 && !isImages(train))
    throw usageError(`--augment is for images, ${data} holds points`);
  if (dequantize && !(train.data instanceof Uint8Array))
    throw usageError(`--augment dequantize is for bytes, ${data} holds floats`);
  return { ...opened, train: { ...train, augment } };
}

/** Opens the backend, trains and prints the result, with the command to run next. */
export async function train(
  options: TrainOptions,
  { train: dataset, test }: OpenedData,
  title: string,
  work: (
    job: Omit<JobOptions, "label"> & { readonly test: Dataset },
  ) => Promise<readonly [Trained, string, string, Readonly<Record<string, number>>?]>,
): Promise<void> {
  const { out, json, data, force, saveEvery } = options;
  // Embedded data never change, and toys follow from the seed.
  const dataHash = dataNames.includes(data) ? undefined : fingerprint(dataset);
  const signal = interruptSignal();
  const backend = await openBackend(options.backend);
  const { validateEvery: every, earlyStop: patience, timeLimit } = options;
  const validation =
    every === undefined ? undefined : { every, patience, dataset: heldOutItems(test) };
  const watch = { validation, timeLimit, drawEvery: options.samplesEvery, logs: options.log };
  const own = { folder: out, backend, signal, force, saveEvery, dataHash, dataset, ...watch };
  const job = { ...own, test: heldOutItems(test) };
  try {
    await withFolderLock(out, async () => {
      const [{ record, reused, restored }, where, next, more] = await work(job);
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
      const best = bestOf(history);
      const heldOut = best && { loss: history.heldOut?.losses.at(-1), best };
      const name = backend.name;
      const result = { out: resolve(out), steps, seconds, losses, heldOut, ...more, backend: name };
      print(json, result, [
        where,
        ...(best
          ? [
              `the best model by the held-out share, of step ${best.step}, is in ${join(out, "best")}`,
            ]
          : []),
        `next: ${invocation()} ${next}`,
      ]);
    });
  } finally {
    await backend.close();
  }
}
