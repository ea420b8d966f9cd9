import { checkFinite, type Dataset, itemSize } from "./dataset.ts";

/** A standardized dataset and its inverse: original = x * std + mean, for each coordinate. */
export interface Standardized {
  /** The items with mean 0 and deviation 1 in each coordinate. */
  readonly dataset: Dataset & {
    /** All items, `[length, ...shape]`, float32. */
    readonly data: Float32Array;
  };
  /** The mean of each coordinate of an item, before. */
  readonly mean: Float64Array;
  /** The standard deviation of each coordinate, before; 1 for a constant one. */
  readonly std: Float64Array;
}

/**
 * Shifts and scales each coordinate of an item to mean 0 and (population) standard deviation 1:
 * `(x - mean) / std`. A constant coordinate is only shifted; its std is 1.
 *
 * @param dataset The dataset, whose values stay as they are.
 * @throws GenError `invalid-data` when the data hold NaN or infinity.
 */
export function standardize(dataset: Dataset): Standardized {
  checkFinite(dataset);
  const size = itemSize(dataset);
  const { data, length } = dataset;
  const mean = new Float64Array(size);
  const std = new Float64Array(size);
  for (let i = 0; i < data.length; i++) mean[i % size] += data[i] / length;
  for (let i = 0; i < data.length; i++) std[i % size] += (data[i] - mean[i % size]) ** 2 / length;
  for (let k = 0; k < size; k++) std[k] = Math.sqrt(std[k]) || 1;
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = (data[i] - mean[i % size]) / std[i % size];
  return { dataset: { ...dataset, data: out, range: undefined }, mean, std };
}
