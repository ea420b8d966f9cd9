import type { Dataset } from "@gen/data";
import type { FloatArray } from "@gen/math";
import { checkDataset } from "./check-dataset.ts";
import { eachBatch, unitItems } from "./each-batch.ts";
import { itemNoise, type RunOptions } from "./elbo.ts";

/** Numbers with their shape `[items, ...]`. */
export interface Items {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The posterior of each item. */
export interface Encoded {
  /** `[items, ...latent]`, both. */
  readonly mean: Float32Array;
  readonly logVariance: Float32Array;
  readonly shape: readonly number[];
}

/** Encodes a dataset: the mean and log variance of q(z | x) for each item. */
export async function encode<T>(
  options: RunOptions<T> & { readonly dataset: Dataset },
): Promise<Encoded> {
  const { model, dataset, batchSize = 250 } = options;
  checkDataset(model, dataset);
  const { mean, logVariance } = await eachBatch({
    ...options,
    batchSize,
    length: dataset.length,
    inputs: { x: model.shape },
    f: ({ x }) => ({ ...model.encode(x) }),
    load: (start, end) => ({ x: unitItems(dataset, start, end) }),
  });
  return { mean, logVariance, shape: [dataset.length, ...model.latent] };
}

/**
 * Decodes z `[items, ...latent]` to the mean of x `[items, ...shape]`, in [0, 1] where the
 * likelihood is Bernoulli.
 *
 * @throws RangeError when z is not a whole number of latents.
 */
export async function decode<T>(
  options: RunOptions<T> & { readonly z: FloatArray },
): Promise<Items> {
  const { model, z, batchSize = 250 } = options;
  const size = model.latent.reduce((a, b) => a * b, 1);
  const length = z.length / size;
  if (!(Number.isInteger(length) && length > 0)) {
    throw new RangeError(`z must hold latents of ${size} numbers each, got ${z.length} numbers`);
  }
  const { x } = await eachBatch({
    ...options,
    batchSize,
    length,
    inputs: { z: model.latent },
    f: ({ z }) => ({ x: model.reconstruct(z) }),
    load: (start, end) => ({ z: z.subarray(start * size, end * size) }),
  });
  return { data: x, shape: [length, ...model.shape] };
}

/** Encodes each item to its posterior mean and decodes that. */
export async function reconstruct<T>(
  options: RunOptions<T> & { readonly dataset: Dataset },
): Promise<Items> {
  const { mean } = await encode(options);
  return decode({ ...options, z: mean });
}

/** Decodes `count` draws from the prior N(0, I), keyed by seed and number. */
export function priorSamples<T>(
  options: RunOptions<T> & { readonly count: number },
): Promise<Items> {
  const { model, count, seed = 0 } = options;
  const size = model.latent.reduce((a, b) => a * b, 1);
  return decode({ ...options, z: itemNoise("prior", seed, 0, count, size) });
}
