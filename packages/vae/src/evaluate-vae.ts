import type { Dataset } from "@gen/data";
import { add, logSumExp } from "@gen/graph";
import { normalNoise } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { byItem, drawsOf, logWeightsOf, type VaeInputs } from "./draws.ts";
import { eachBatch, labelsFor, type RunOptions, runRules, sizeOf, unitItems } from "./run-vae.ts";
import { checkDataset } from "./vae.ts";
import { termsOf } from "./vae-loss.ts";

/** The terms of each item's bound. */
export interface ElboItems {
  /** `-E log p(x | z)` in nats, `[items]`. */
  readonly reconstruction: ArrayLike<number>;
  /** `KL(q(z | x) || p(z))` in nats, `[items]`. */
  readonly kl: ArrayLike<number>;
  /** The posterior means, `[items, ...latent]`. */
  readonly mean: ArrayLike<number>;
}

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
  /** The terms of each item. */
  readonly items: ElboItems;
}

/** A part of a larger dataset. */
interface PartOptions {
  /**
   * The number of the dataset's first item in a larger dataset. It decides the noise, so that parts
   * have the terms of the whole. @defaultValue 0
   */
  readonly first?: number;
}

const partRules = {
  ...runRules,
  samples: rules.optional(rules.COUNT),
  first: rules.optional(rules.INDEX),
};

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
  options: RunOptions<T> &
    PartOptions & {
      /** The items, whose shape is that of the model. */
      readonly dataset: Dataset;
      /** How many draws of z for each item. @defaultValue 1 */
      readonly samples?: number;
    },
): Promise<Elbo> {
  checkOptions(options, partRules);
  const { model, dataset, seed = 0, samples = 1, first = 0 } = options;
  checkDataset(model, dataset);
  const { length } = dataset;
  const noise = { seed, purpose: "elbo noise", size: sizeOf(model.latent) };
  const sums = { reconstruction: new Float64Array(length), kl: new Float64Array(length) };
  let mean: Float32Array = new Float32Array(0);
  for (let step = 0; step < samples; step++) {
    const terms = await eachBatch(options, {
      length,
      inputs: { x: model.shape, epsilon: model.latent },
      labels: labelsFor(model, dataset.labels),
      f(inputs) {
        const draws = drawsOf(model, inputs as unknown as VaeInputs);
        return { ...termsOf(model, draws), mean: draws.posterior.mean };
      },
      load(start, end) {
        const epsilon = normalNoise({
          ...noise,
          indices: numbers(first + start, first + end),
          step,
        });
        return { x: unitItems(dataset, start, end), epsilon };
      },
    });
    for (const name of ["reconstruction", "kl"] as const)
      terms[name].forEach((nats, i) => {
        sums[name][i] += nats / samples;
      });
    mean = terms.mean;
  }
  return meanElbo({ ...sums, mean });
}

/**
 * The bound of a dataset by the terms of its items, such as those of several parts joined.
 *
 * @param items The terms of each item.
 * @throws RangeError when there are no items, or their terms do not fit.
 */
export function meanElbo(items: ElboItems): Elbo {
  checkArguments({ items }, { items: TERMS });
  const { reconstruction, kl, mean } = items;
  const { length } = reconstruction;
  const size = mean.length / length;
  if (kl.length !== length || !(Number.isInteger(size) && size > 0))
    throw new ArgumentError(
      `kl and mean must have the ${length} items of reconstruction, got ${kl.length} and ${mean.length} numbers`,
    );
  const [negative, divergence] = [meanOf(reconstruction), meanOf(kl)];
  return {
    elbo: -(negative + divergence),
    ...{ reconstruction: negative, kl: divergence },
    activeUnits: variances(mean, size).filter((v) => v > 0.01).length,
    items,
  };
}

const TERMS = /* @__PURE__ */ rules.having("{ reconstruction, kl, mean }, numbers each", {
  reconstruction: rules.NUMBERS,
  kl: rules.NUMBERS,
  mean: rules.NUMBERS,
});

const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

/** The numbers from `start` to before `end`. */
const numbers = (start: number, end: number) =>
  Uint32Array.from({ length: end - start }, (_, i) => start + i);

/** The variance of each column of `[items, size]`. */
function variances(rows: ArrayLike<number>, size: number): number[] {
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
  /** The bound of each item, `[items]`. */
  readonly items: ArrayLike<number>;
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
  options: RunOptions<T> &
    PartOptions & {
      /** The items, whose shape is that of the model. */
      readonly dataset: Dataset;
      /** How many draws of z for each item. @defaultValue 500 */
      readonly samples?: number;
    },
): Promise<LogLikelihood> {
  checkOptions(options, partRules);
  const { model, dataset, seed = 0, samples = 500, batchSize = 250, first = 0 } = options;
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
      const indices = numbers(first + start, first + end);
      const epsilon = normalNoise({ seed, purpose: "importance noise", size, indices });
      return { x: unitItems(dataset, start, end), epsilon };
    },
  });
  return meanLogLikelihood(bound);
}

/**
 * The log likelihood of a dataset by the bounds of its items, such as those of several parts joined.
 *
 * @param items The bound of each item, `[items]`.
 * @throws RangeError when there are no items.
 */
export function meanLogLikelihood(items: ArrayLike<number>): LogLikelihood {
  checkArguments({ items }, { items: rules.NUMBERS });
  const { length } = items;
  if (length === 0) throw new ArgumentError("items must have a number for each item, got none");
  const mean = meanOf(items);
  const squares = Float64Array.from(items, (value) => (value - mean) ** 2);
  const variance = squares.reduce((a, b) => a + b, 0) / Math.max(1, length - 1);
  return { logLikelihood: mean, standardError: Math.sqrt(variance / length), items };
}
