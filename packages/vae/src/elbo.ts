import type { Dataset } from "@gen/data";
import { normalNoise } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { checkDataset } from "./check-dataset.ts";
import { eachBatch, unitItems } from "./each-batch.ts";
import type { Vae } from "./vae.ts";
import { itemTerms } from "./vae-loss.ts";

/** Options of what runs a model over a dataset. */
export interface RunOptions<T = unknown> {
  readonly backend: Backend<T>;
  readonly model: Vae;
  /** Changes speed alone. @defaultValue 250 */
  readonly batchSize?: number;
  /** An integer in [0, 2^53) that decides the noise. @defaultValue 0 */
  readonly seed?: number;
  readonly signal?: { readonly aborted: boolean; readonly reason?: unknown };
}

/** Means over a dataset, in nats for each item. */
export interface Elbo {
  /** `-(reconstruction + kl)`, at most the log likelihood. */
  readonly elbo: number;
  readonly reconstruction: number;
  readonly kl: number;
}

/**
 * Estimates the evidence lower bound of a dataset in nats for each item, with `samples` draws of z
 * for each (by default 1), keyed by seed and item (Kingma and Welling 2014, eq. 7).
 *
 * Data with a range are mapped to [0, 1], as in training.
 *
 * @throws RangeError when the items do not fit the model; the signal's reason.
 */
export async function elbo<T>(
  options: RunOptions<T> & { readonly dataset: Dataset; readonly samples?: number },
): Promise<Elbo> {
  const { model, dataset, batchSize = 250, seed = 0, samples = 1 } = options;
  if (!(Number.isInteger(samples) && samples >= 1)) {
    throw new RangeError(`samples must be a positive integer, got ${samples}`);
  }
  checkDataset(model, dataset);
  const size = model.latent.reduce((a, b) => a * b, 1);
  const totals = { reconstruction: 0, kl: 0 };
  for (let draw = 0; draw < samples; draw++) {
    const terms = await eachBatch({
      ...options,
      batchSize,
      length: dataset.length,
      inputs: { x: model.shape, epsilon: model.latent },
      f: ({ x, epsilon }) => ({ ...itemTerms(model, x, epsilon) }),
      load: (start, end) => ({
        x: unitItems(dataset, start, end),
        epsilon: itemNoise("elbo noise", seed, start, end, size, draw),
      }),
    });
    for (const name of ["reconstruction", "kl"] as const) {
      totals[name] += terms[name].reduce((a, b) => a + b, 0) / (dataset.length * samples);
    }
  }
  return { ...totals, elbo: -(totals.reconstruction + totals.kl) };
}

/** Noise `[end - start, size]` that belongs to each item. */
export function itemNoise(
  purpose: string,
  seed: number,
  start: number,
  end: number,
  size: number,
  step = 0,
): Float32Array {
  const indices = Uint32Array.from({ length: end - start }, (_, i) => start + i);
  return normalNoise({ seed, purpose, indices, size, step });
}
