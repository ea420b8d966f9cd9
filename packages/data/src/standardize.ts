import { checkFinite, type Dataset, itemSize } from "./dataset.ts";

/** A standardized dataset and its inverse: original = x * std + mean, for each coordinate. */
export interface Standardized {
  readonly dataset: Dataset & { readonly data: Float32Array };
  readonly mean: Float64Array;
  readonly std: Float64Array;
}

/**
 * Shifts and scales each coordinate of an item to mean 0 and (population) standard deviation 1:
 * `(x - mean) / std`. A constant coordinate is only shifted; its std is 1.
 *
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
