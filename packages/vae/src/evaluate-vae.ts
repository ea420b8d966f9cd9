import type { Dataset } from "@gen/data";
import { add, logSumExp } from "@gen/graph";
import { normalNoise } from "@gen/math";
import { checkOptions, rules } from "@gen/math/arguments";
import { byItem, drawsOf, logWeightsOf, type VaeInputs } from "./draws.ts";
import { eachBatch, labelsFor, type RunOptions, runRules, sizeOf, unitItems } from "./run-vae.ts";
import { checkDataset } from "./vae.ts";
import { termsOf } from "./vae-loss.ts";

/** Means over a dataset, in nats for each item. */
export interface Elbo {
  /** `-(reconstruction + kl)`, at most the log likelihood. */
  readonly elbo: number;
  /** `-E log p(x | z)`. */
  readonly reconstruction: number;
  /** `KL(q(z | x) || p(z))`. */
  readonly kl: number;
  /**
   * How many numbers of z depend on x: the variance of their posterior means over the dataset is
   * above 0.01 (Burda et al. 2016, section 5.2).
   */
  readonly activeUnits: number;
}

/**
 * Estimates the evidence lower bound of a dataset in nats for each item (Kingma and Welling 2014,
 * eq. 7), with `samples` draws of z for each item (default 1), keyed by seed and item.
 *
 * Data with a range are mapped to [0, 1], as in training.
 *
 * @param options The model, its backend and the items.
 * @throws RangeError when the items do not fit the model; the signal's reason.
 */
export async function elbo<T>(
  options: RunOptions<T> & {
    /** The items, whose shape is that of the model. */
    readonly dataset: Dataset;
    /** How many draws of z for each item. @defaultValue 1 */
    readonly samples?: number;
  },
): Promise<Elbo> {
  checkOptions(options, { ...runRules, samples: rules.optional(rules.COUNT) });
  const { model, dataset, seed = 0, samples = 1 } = options;
  checkDataset(model, dataset);
  const noise = { seed, purpose: "elbo noise", size: sizeOf(model.latent) };
  const totals = { reconstruction: 0, kl: 0 };
  let means = new Float32Array(0);
  for (let step = 0; step < samples; step++) {
    const terms = await eachBatch(options, {
      length: dataset.length,
      inputs: { x: model.shape, epsilon: model.latent },
      labels: labelsFor(model, dataset.labels),
      f(inputs) {
        const draws = drawsOf(model, inputs as unknown as VaeInputs);
        return { ...termsOf(model, draws), mean: draws.posterior.mean };
      },
      load(start, end) {
        const indices = Uint32Array.from({ length: end - start }, (_, i) => start + i);
        const epsilon = normalNoise({ ...noise, indices, step });
        return { x: unitItems(dataset, start, end), epsilon };
      },
    });
    for (const name of ["reconstruction", "kl"] as const) {
      totals[name] += terms[name].reduce((a, b) => a + b, 0) / (dataset.length * samples);
    }
    means = terms.mean as typeof means;
  }
  const activeUnits = variances(means, noise.size).filter((v) => v > 0.01).length;
  return { ...totals, elbo: -(totals.reconstruction + totals.kl), activeUnits };
}

/** The variance of each column of `[items, size]`. */
function variances(rows: Float32Array, size: number): number[] {
  const count = rows.length / size;
  return Array.from({ length: size }, (_, k) => {
    let [mean, square] = [0, 0];
    for (let i = k; i < rows.length; i += size) mean += rows[i] / count;
    for (let i = k; i < rows.length; i += size) square += (rows[i] - mean) ** 2 / count;
    return square;
  });
}

/** A mean over a dataset, in nats for each item. */
export interface LogLikelihood {
  /** The mean over the items of `log (1 / K) sum_k w_k`, a lower bound of the log likelihood. */
  readonly logLikelihood: number;
  /** The standard error of this mean, from the spread of the items. */
  readonly standardError: number;
}

/**
 * Estimates the log likelihood of a dataset by importance sampling (Burda et al. 2016, eq. 8): the
 * bound of `samples` draws of z for each item, keyed by seed and item. It rises with the samples
 * towards the log likelihood; with 1 it is the ELBO, by draws alone.
 *
 * A run holds about `batchSize` draws, or those of one item.
 *
 * @param options The model, its backend, the items and the samples.
 * @throws RangeError when the items do not fit the model; the signal's reason.
 */
export async function logLikelihood<T>(
  options: RunOptions<T> & {
    /** The items, whose shape is that of the model. */
    readonly dataset: Dataset;
    /** How many draws of z for each item. @defaultValue 500 */
    readonly samples?: number;
  },
): Promise<LogLikelihood> {
  checkOptions(options, { ...runRules, samples: rules.optional(rules.COUNT) });
  const { model, dataset, seed = 0, samples = 500, batchSize = 250 } = options;
  checkDataset(model, dataset);
  const { length } = dataset;
  const size = samples * sizeOf(model.latent);
  const run = { ...options, batchSize: Math.max(1, Math.floor(batchSize / samples)) };
  const { bound } = await eachBatch(run, {
    length,
    inputs: { x: model.shape, epsilon: [samples, ...model.latent] },
    labels: labelsFor(model, dataset.labels),
    f(inputs) {
      const draws = drawsOf(model, inputs as unknown as VaeInputs);
      const weights = byItem(logWeightsOf(model, draws).logWeight, draws);
      return { bound: add(logSumExp(weights, 1), -Math.log(samples)) };
    },
    load(start, end) {
      const indices = Uint32Array.from({ length: end - start }, (_, i) => start + i);
      const epsilon = normalNoise({ seed, purpose: "importance noise", size, indices });
      return { x: unitItems(dataset, start, end), epsilon };
    },
  });
  const mean = bound.reduce((a, b) => a + b, 0) / length;
  const square = bound.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, length - 1);
  return { logLikelihood: mean, standardError: Math.sqrt(square / length) };
}
