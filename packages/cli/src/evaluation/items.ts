/*
 * What `gen evaluate` and `gen compare` measure: items as floats, images in [-1, 1] as `gen sample`
 * writes them, and points standardized as a training sees them.
 */
import { type Dataset, openDataset, pickItems, readNpy } from "@gen/data";
import { randomStream } from "@gen/math";
import { usageError } from "../errors.ts";
import { isOnline, readBounded } from "../files.ts";
import { isImages } from "../models.ts";
import { floatsOf } from "../npy-flags.ts";
import { type OpenedData, openData } from "../open-data.ts";
import { standardized } from "../scaling.ts";
import { readCheckpoint } from "../training-folder.ts";
import type { DataFlags } from "../training-options.ts";

/** Items of one shape, one after the other. */
export interface Items {
  readonly data: Float32Array;
  readonly length: number;
  /** The shape of one item. */
  readonly shape: readonly number[];
}

export const sizeOf = ({ shape }: Pick<Items, "shape">): number => shape.reduce((a, b) => a * b, 1);

/** The first items. */
export const firstItems = (items: Items, count: number): Items => {
  const length = Math.min(count, items.length);
  return { ...items, length, data: items.data.subarray(0, length * sizeOf(items)) };
};

/** The items from `start` to before `end`, or to the last. */
export function subItems(items: Items, start: number, end: number): Items {
  const size = sizeOf(items);
  const data = items.data.subarray(start * size, end * size);
  return { ...items, length: data.length / size, data };
}

/** At most `count` items of a dataset, which the seed chooses. */
export function chosenItems(dataset: Dataset, count: number, seed: number): Dataset {
  const order = randomStream({ seed, purpose: "evaluated items" }).permutation(dataset.length);
  return pickItems(dataset, order.slice(0, count));
}

/** A dataset's items, images in [-1, 1]. */
export function itemsOf({ data, shape, length, range = [-1, 1] }: Dataset): Items {
  const [low, high] = range;
  return {
    length,
    shape,
    data: Float32Array.from(data, (v) => (2 * (v - low)) / (high - low) - 1),
  };
}

/** What a folder was trained on, and the training's seed, which toys follow from. */
export async function trainedOn(
  folder: string,
): Promise<{ readonly data?: string; readonly seed?: number }> {
  if (isOnline(folder)) return {};
  const { settings } = (await readCheckpoint(folder))?.record ?? {};
  const { data, seed } = settings ?? {};
  return {
    ...(typeof data === "string" && { data }),
    ...(Number.isSafeInteger(seed) && { seed: seed as number }),
  };
}

/** Opens --data, or what the model was trained on. @throws GenError `usage` when there is none. */
export async function evaluatedData(
  { data, seed, ...flags }: DataFlags & { readonly data?: string; readonly seed: number },
  trained: Awaited<ReturnType<typeof trainedOn>>,
): Promise<OpenedData & { readonly name: string }> {
  const name = data ?? trained.data;
  if (name === undefined)
    throw usageError("--data must be given: the model's folder does not say what it learned");
  return { name, ...(await openData(name, trained.seed ?? seed, flags)) };
}

const fileLimit = 2 ** 31;

/**
 * Reads samples: an npy file as `gen sample` writes it, or anything that --data takes.
 * @throws GenError `usage` or `invalid-data` naming the file; `usage` when the samples have another
 * shape than the data.
 */
export async function readSamples(path: string, { train, scaling }: OpenedData): Promise<Items> {
  const found = /\.npy$/i.test(path) ? await readArray(path) : await readAny(path, train);
  const flag = `--samples ${path}`;
  if (found.length < 2 || found.shape.join() !== train.shape.join()) {
    const got = `[${[found.length, ...found.shape].join(", ")}]`;
    throw usageError(`${flag} must be [at least 2, ${train.shape.join(", ")}], got ${got}`);
  }
  if (isImages(train)) {
    const outside = found.data.find((value) => !(Math.abs(value) <= 1.5));
    if (outside === undefined) return found;
    throw usageError(`${flag} must hold images in [-1, 1], got ${outside}`);
  }
  return scaling ? { ...found, data: standardized(found.data, scaling) } : found;
}

async function readArray(path: string): Promise<Items> {
  const bytes = await readBounded(path, fileLimit);
  if (!bytes) throw usageError(`--samples ${path}: no such file`);
  const array = readNpy(bytes, { name: `--samples ${path}`, limit: fileLimit });
  const [length = 0, ...shape] = array.shape;
  if (array.data instanceof Uint8Array) {
    return { length, shape, data: Float32Array.from(array.data, (v) => v / 127.5 - 1) };
  }
  return { length, shape, data: Float32Array.from(floatsOf(`--samples ${path}`, array)) };
}

async function readAny(path: string, { shape }: Dataset): Promise<Items> {
  const size = shape.length === 3 ? ([shape[1], shape[2]] as const) : undefined;
  return itemsOf(
    await openDataset(path, { ...(size && { size, channels: shape[0] === 1 ? 1 : 3 }) }),
  );
}

/** @throws GenError `usage` when the data's items have another shape than the model's. */
export function checkShape(
  shape: readonly number[],
  { train, name }: { readonly train: Dataset; readonly name: string },
): void {
  if (shape.join() === train.shape.join()) return;
  throw usageError(
    `--data ${name} must have items [${shape.join(", ")}] as the model's, got [${train.shape.join(", ")}]`,
  );
}
