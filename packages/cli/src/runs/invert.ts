/*
 * The work of `gen invert`: pictures into noise by DDIM backwards, and from the noise back to
 * pictures. Those of latent diffusion are encoded before, and decoded after.
 */
import { resolve } from "node:path";
import { type Dataset, pickItems, writeNpy, writePng } from "@gen/data";
import { roundTrip } from "@gen/ddim";
import type { Backend } from "@gen/runtime-gpu";
import { openBackend } from "@gen/runtime-gpu/open";
import { decode, encode } from "@gen/vae";
import { replaceFile } from "../atomic-files.ts";
import { conditionsOf } from "../conditions.ts";
import { isDrawable, maxDrawable, pictureOf } from "../drawing/pictures.ts";
import { interrupted, usageError } from "../errors.ts";
import { claimOutput, isOnline, writeFolder } from "../files.ts";
import { type ItemFlags, openItems, openLatentModel } from "../latent-model.ts";
import { type LoadedPipeline, readModelFolder, shownFolder } from "../model-folder.ts";
import { outputKind } from "../output-kind.ts";
import { interruptSignal, print, progress, rounded } from "../terminal.ts";
import { readCheckpoint } from "../training-folder.ts";
import { type LatentOptions, pixelError, requireModel, unitData } from "./latents.ts";

interface InvertOptions extends LatentOptions, ItemFlags {
  readonly items?: readonly number[];
  readonly count?: number;
  readonly class?: readonly string[];
  readonly steps: number;
}

/** Runs `gen invert`. */
export async function runInvert(options: InvertOptions): Promise<void> {
  const { out, force, json, steps } = options;
  const folder = await requireModel(options.model);
  const kind = outputKind(out);
  await claimOutput(out, { force, kind: kind === "folder" ? "folder" : "file" });
  const signal = interruptSignal();
  const opening = openBackend(options.backend, { isolate: true });
  opening.catch(() => undefined);
  const pipeline = await openPipeline(folder, options, signal);
  if (!isDrawable(pipeline.item) || pipeline.item.length === 1)
    throw usageError(
      `--model ${shownFolder(folder)} must make pictures, got items [${pipeline.item.join(", ")}]`,
    );
  const most = pipeline.scheduler.schedule.length;
  if (steps > most)
    throw usageError(`--steps must be at most ${most}, those of the training, got ${steps}`);
  const data = options.data ?? (await trainedOn(folder));
  const dataset = chosen(
    await openItems({ model: { shape: pipeline.item }, settings: { data } }, { ...options, data }),
    options,
  );
  const room = Math.floor(maxDrawable(pipeline.item) / 3);
  if (dataset.length > room) throw usageError(`--count must be at most ${room} for these pictures`);
  const backend = await opening;
  try {
    const run = { ...{ folder, pipeline, dataset, backend, signal }, steps };
    const { code, images, error } = await invertItems(run, labelsFor(options, pipeline, dataset));
    const noise = { data: code, shape: [dataset.length, ...pipeline.shape] };
    const sheet = () => writePng(threeRows(dataset, noise, images));
    if (kind === "npy") await replaceFile(out, writeNpy(noise));
    else if (kind === "png") await replaceFile(out, sheet());
    else await writeFolder(out, { "noise.npy": writeNpy(noise), "sheet.png": sheet() }, /^$/);
    const pixels = pixelError(dataset, images);
    print(
      json,
      { out: resolve(out), items: dataset.length, steps, pixels, error, backend: backend.name },
      [
        `${dataset.length} ${dataset.length === 1 ? "picture" : "pictures"}, their noise and what comes back are in ${out}`,
        `after ${steps} steps there and ${steps} back: ${rounded(pixels.meanAbsolute)} of 255 levels for each pixel on average, ${rounded(pixels.rootMeanSquare)} as a root mean square`,
      ],
    );
  } catch (error) {
    throw signal.aborted ? interrupted("the work was done") : error;
  } finally {
    await backend.close();
  }
}

/** The pipeline; conditions that the data do not tell are refused. */
const openPipeline = (folder: string, { class: given }: InvertOptions, signal: AbortSignal) =>
  readModelFolder(folder, {
    signal,
    conditions(found) {
      const hasClasses = found.classes !== undefined || found.denoiser.classes !== undefined;
      const flags = given || hasClasses ? { class: given ?? ["0"] } : {};
      const place = { count: given?.length ?? 1, model: shownFolder(folder) };
      return conditionsOf(flags, { condition: {}, unconditional: {} }, found, place).condition;
    },
  });

/** The data that a folder says it was trained on. */
async function trainedOn(folder: string): Promise<string | undefined> {
  const data = isOnline(folder) ? undefined : (await readCheckpoint(folder))?.record.settings.data;
  return typeof data === "string" ? data : undefined;
}

/** The items of --items, or the first ones. */
function chosen(dataset: Dataset, { items, count }: InvertOptions): Dataset {
  if (items && count !== undefined) throw usageError("--count must be left out with --items");
  const far = items?.find((i) => i >= dataset.length);
  if (far !== undefined)
    throw usageError(`--items must be in [0, ${dataset.length - 1}], got ${far}`);
  const first = Math.min(count ?? 8, dataset.length);
  return pickItems(dataset, items ?? Array.from({ length: first }, (_, i) => i));
}

/** The labels of the items by name of the condition, for a model of classes. */
function labelsFor(
  { class: given }: InvertOptions,
  pipeline: LoadedPipeline,
  { labels, length }: Dataset,
) {
  const { denoiser, classes } = pipeline;
  if (classes === undefined && denoiser.classes === undefined) return undefined;
  if (!given && !labels)
    throw usageError("--class must be given: the model has classes, and the data have none");
  const texts = given ?? Array.from(labels ?? [], String);
  if (length % texts.length !== 0)
    throw usageError(
      `--class must list a divisor of the ${length} pictures, got ${texts.length} classes`,
    );
  const arrays = { condition: {}, unconditional: {} };
  const { condition } = conditionsOf({ class: texts }, arrays, pipeline, {
    count: length,
    model: "",
  });
  return condition;
}

interface Inversion {
  readonly folder: string;
  readonly pipeline: LoadedPipeline;
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly steps: number;
  readonly signal: AbortSignal;
}

/** The noise of the items, and the images in [0, 1] that come back from it. */
async function invertItems(
  { folder, pipeline, dataset, backend, steps, signal }: Inversion,
  condition: ReturnType<typeof labelsFor>,
) {
  const { denoiser, scheduler, shape, vae } = pipeline;
  const latent = vae && (await openLatentModel(folder, { signal, latent: shape }));
  const coder = latent && { backend, ...latent, signal };
  const x = coder
    ? (await encode({ ...coder, dataset })).mean
    : unitData(dataset).map((v) => 2 * v - 1);
  const line = progress(`DDIM there and back on ${backend.name}`);
  let done = 0;
  const { schedule, spacing, offset } = scheduler;
  const {
    code,
    x: back,
    error,
  } = await roundTrip({
    ...{ denoiser, schedule, spacing, offset, backend, signal, x, condition },
    shape: [dataset.length, ...shape],
    steps,
    onStep: () => line.update(++done, 2 * steps),
  });
  const z = Float32Array.from(back);
  const images = coder ? (await decode({ ...coder, z })).data : z.map((v) => (v + 1) / 2);
  line.finish(`${steps} steps each way`);
  return { code: Float32Array.from(code), images, error };
}

/** Rows of the items, their noise and what comes back. */
function threeRows(
  dataset: Dataset,
  { data: noise, shape: [, ...latent] }: { data: Float32Array; shape: readonly number[] },
  images: Float32Array,
) {
  const { length: count, shape } = dataset;
  const columns = Math.min(count, 8);
  const size = images.length / count;
  const tall = Math.ceil(count / columns);
  const sheet = new Float32Array(3 * tall * columns * size).fill(1);
  const rows = [unitData(dataset), asPictures(noise, latent, shape, count), images];
  for (let i = 0; i < count; i++) {
    for (const [k, values] of rows.entries()) {
      const at = (3 * Math.floor(i / columns) + k) * columns + (i % columns);
      sheet.set(values.subarray(i * size, (i + 1) * size), at * size);
    }
  }
  return pictureOf(sheet, [3 * tall * columns, ...shape], [0, 1], columns);
}

/** Noise as pictures in [0, 1], three standard deviations around grey; latents are enlarged. */
function asPictures(
  noise: Float32Array,
  latent: readonly number[],
  [channels, height, width]: readonly number[],
  count: number,
): Float32Array {
  const [own, high, wide] = latent.length === 3 ? latent : [1, 1, noise.length / count];
  const size = own * high * wide;
  return Float32Array.from({ length: count * channels * height * width }, (_, i) => {
    const x = Math.floor(((i % width) * wide) / width);
    const y = Math.floor(((Math.floor(i / width) % height) * high) / height);
    const c = Math.min(own - 1, Math.floor(i / (width * height)) % channels);
    const item = Math.floor(i / (width * height * channels));
    return 0.5 + noise[item * size + (c * high + y) * wide + x] / 6;
  });
}
