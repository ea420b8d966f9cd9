import { ArgumentError } from "@gen/math/arguments";
import { dataError } from "./data-error.ts";
import type { NdArray } from "./nd-array.ts";

/** Random changes of a dataset's items in training. */
export interface Augmentation {
  /** Mirrors every second item at random, left to right. @defaultValue false */
  readonly flip?: boolean;
  /** The most pixels, a whole number, that an item moves along each side. @defaultValue 0 */
  readonly shift?: number;
  /** The most degrees, in [0, 180], that an item turns about its center. @defaultValue 0 */
  readonly rotate?: number;
  /** Adds noise of [0, 1) levels to bytes, so that "unit" maps [0, 256) to [0, 1). @defaultValue false */
  readonly dequantize?: boolean;
}

/**
 * Items of one shape, and their labels if they have any.
 *
 * Images are [channels, height, width], with the values of their file (usually bytes); `batches`
 * turns them into floats.
 */
export interface Dataset {
  /** The dataset's name in errors and reports. */
  readonly name: string;
  /** All items, one after the other: [length, ...shape], row-major. */
  readonly data: Float32Array | Uint8Array;
  /** Shape of one item: [channels, height, width] for images, [2] for points in the plane. */
  readonly shape: readonly number[];
  /** How many items. */
  readonly length: number;
  /** Smallest and largest possible value: [0, 255] for bytes, [0, 16] for `digits`. */
  readonly range?: readonly [number, number];
  /** Class of each item, an index into `classes` if there are names. */
  readonly labels?: Int32Array;
  /** The classes' names, in the order of their numbers. */
  readonly classes?: readonly string[];
  /**
   * Random changes of the items in training. Evaluation leaves items as they are.
   * @defaultValue none
   */
  readonly augment?: Augmentation;
  /** The licence of the data, and whom to credit. */
  readonly license?: string;
}

/** Settings of {@link arrayDataset}. */
export interface ArrayDatasetOptions {
  /** The name in errors. @defaultValue "array" */
  readonly name?: string;
  /** Smallest and largest possible value. @defaultValue [0, 255] for bytes, else none */
  readonly range?: readonly [number, number];
  /** One whole number for each item, `[n]`. @defaultValue none */
  readonly labels?: NdArray;
  /** The classes' names. @defaultValue none */
  readonly classes?: readonly string[];
}

/**
 * Makes a dataset of an array whose first axis counts the items.
 *
 * [n, height, width] becomes one channel; [n, height, width, 3] becomes [n, 3, height, width] (also
 * with 1 or 4 channels, if the second axis has none of these sizes). uint8 stays bytes with the
 * range [0, 255]; every other dtype becomes float32, with the range of `options` if it has one.
 *
 * @param array The items, `[n, ...]`.
 * @param options Name, range, labels and the classes' names. Default: none.
 * @throws GenError `invalid-data` when the array has no items, holds NaN, infinity, or raw half
 * floats, or when the labels are not one whole number for each item.
 */
export function arrayDataset(array: NdArray, options: ArrayDatasetOptions = {}): Dataset {
  const { name = "array", classes } = options;
  const [length = 0, ...rest] = array.shape;
  if (array.shape.length < 1 || array.data.length === 0) {
    throw dataError(name, `at least one item is needed, got [${array.shape.join(", ")}]`);
  }
  if (array.dtype === "float16" || array.dtype === "bfloat16") {
    throw dataError(name, `data must be float32, float64 or whole numbers, got ${array.dtype}`);
  }
  const isBytes = array.data instanceof Uint8Array;
  let data = isBytes ? array.data : asFloat32(array);
  let shape = rest;
  if (rest.length === 2) shape = [1, ...rest];
  if (rest.length === 3 && isChannels(rest[2]) && !isChannels(rest[0])) {
    shape = [rest[2], rest[0], rest[1]];
    data = channelsFirst(data, length, shape);
  }
  const range = options.range ?? (isBytes ? ([0, 255] as const) : undefined);
  const labels = options.labels && toLabels(name, options.labels, length);
  const dataset = { name, data, shape, length, range, labels, classes };
  checkFinite(dataset);
  return dataset;
}

/**
 * Items `from` to `to` (excluded) of a dataset, sharing its memory.
 *
 * @param dataset The dataset that the items are taken from.
 * @param from The first item, 0-based.
 * @param to The item after the last one.
 * @throws RangeError unless 0 <= from < to <= length.
 */
export function slice(dataset: Dataset, from: number, to: number): Dataset {
  const areWhole = Number.isInteger(from) && Number.isInteger(to);
  if (!areWhole || from < 0 || to > dataset.length || from >= to) {
    throw new ArgumentError(
      `from and to must be whole numbers with 0 <= from < to <= ${dataset.length}, got ${from}, ${to}`,
    );
  }
  const size = itemSize(dataset);
  return {
    ...dataset,
    data: dataset.data.subarray(from * size, to * size),
    length: to - from,
    labels: dataset.labels?.subarray(from, to),
  };
}

/** Numbers in one item: the product of its shape. */
export const itemSize = ({ shape }: Pick<Dataset, "shape">): number =>
  shape.reduce((product, n) => product * n, 1);

/** @throws GenError `invalid-data` naming the first item that holds NaN or infinity. */
export function checkFinite({ data, name, shape }: Pick<Dataset, "name" | "data" | "shape">): void {
  if (data instanceof Uint8Array) return;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const item = Math.floor(i / itemSize({ shape }));
    throw dataError(name, `data must be finite float32 numbers, got ${data[i]} in item ${item}`);
  }
}

const isChannels = (n: number): boolean => n === 1 || n === 3 || n === 4;

function channelsFirst<T extends Float32Array | Uint8Array>(
  data: T,
  n: number,
  shape: number[],
): T {
  const [channels, height, width] = shape;
  const pixels = height * width;
  const out = data.slice() as T;
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) {
        out[(i * channels + c) * pixels + p] = data[(i * pixels + p) * channels + c];
      }
    }
  }
  return out;
}

function asFloat32(array: NdArray): Float32Array {
  if (array.data instanceof Float32Array) return array.data;
  const out = new Float32Array(array.data.length);
  for (let i = 0; i < out.length; i++) out[i] = Number(array.data[i]);
  return out;
}

function toLabels(name: string, labels: NdArray, length: number): Int32Array {
  if (labels.data.length !== length) {
    throw dataError(name, `${length} items need as many labels, got ${labels.data.length}`);
  }
  return Int32Array.from(labels.data as ArrayLike<number | bigint>, (value) => {
    const label = Number(value);
    if (!Number.isInteger(label) || Math.abs(label) >= 2 ** 31) {
      throw dataError(name, `labels must be whole numbers of 32 bits, got ${value}`);
    }
    return label;
  });
}
