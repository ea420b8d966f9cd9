import { type Batch, batches, type Dataset } from "@gen/data";
import { normalNoise, randomStream } from "@gen/math";
import { checkOptions, refused, rules } from "@gen/math/arguments";
import {
  adam,
  type BatchInput,
  type Loss,
  type ModelTrainingOptions,
  type TrainOptions,
  type TrainResult,
  train,
  withWeights,
} from "@gen/nn";
import type { HostArray } from "@gen/runtime-gpu";
import type { VaePipeline } from "@gen/sampling";
import type { Objective } from "./objective.ts";
import { pipelineVae } from "./pipeline-vae.ts";
import { isQuantized, quantizedLoss } from "./quantized-vae.ts";
import { COUNTS } from "./quantizers.ts";
import { checkDataset, type Vae } from "./vae.ts";
import { vaeLoss } from "./vae-loss.ts";

/** Settings of {@link trainVae}. */
export interface TrainVaeOptions<T = unknown> extends ModelTrainingOptions<T> {
  /** The VAE to train. It stays as it is. */
  readonly model: Vae;
  /** The data. Training maps data with a range to [0, 1]. */
  readonly dataset: Dataset;
  /**
   * Weight of the KL term; 1 gives the bound itself. A function of the step, from 0, such as
   * `linearAnnealing` gives, changes it in training. Not with an `objective` of another kind.
   * @defaultValue 1
   */
  readonly beta?: number | ((step: number) => number);
  /** Draws of z for each item. @defaultValue 1 */
  readonly samples?: number;
  /**
   * What is minimized.
   *
   * @param model The model that is trained.
   * @defaultValue `vaeLoss(model, { beta })`, or `quantizedLoss(model)` where the latents are codes
   */
  readonly objective?: (model: Vae) => Objective;
}

/** A trained VAE as a model and as a pipeline, its weights and its training. */
export interface TrainedVae extends TrainResult {
  /** The model with the averaged weights (with `ema`) or the trained weights. */
  readonly vae: Vae;
  /** The same VAE, for `generate` and `savePipeline`. */
  readonly pipeline: VaePipeline;
}

/**
 * Trains a VAE on a dataset (Kingma and Welling 2014, algorithm 1).
 *
 * The losses are those of the objective: `loss`, `reconstruction` and `kl`, in nats for each item. A
 * model of `quantizedVae` learns its codes, by moving averages where its quantizer says so. A
 * conditional VAE learns from the labels. The seed and the step alone decide batches and noise. The
 * given model stays as it is.
 *
 * @throws GenError `not-finite` when the loss is no longer finite; RangeError when the items do not
 * fit the model.
 */
export async function trainVae<T>(options: TrainVaeOptions<T>): Promise<TrainedVae> {
  checkOptions(options, {
    batchSize: rules.optional(rules.COUNT),
    samples: rules.optional(rules.COUNT),
    objective: rules.optional(rules.FUNCTION),
    beta: rules.optional(rules.either(rules.NOT_NEGATIVE, rules.FUNCTION)),
  });
  const { model, dataset, batchSize = 128, seed = 0, beta, samples = 1, objective } = options;
  checkDataset(model, dataset);
  const isAnnealed = typeof beta === "function";
  const loss: Objective =
    objective?.(model) ??
    (isQuantized(model)
      ? quantizedLoss(model)
      : vaeLoss(model, { beta: isAnnealed ? undefined : beta }));
  const extra = loss.inputs ?? [];
  if (extra.length > 0 && (options.accumulate ?? 1) > 1) {
    throw refused(
      "accumulate",
      "1 with an objective that compares a batch's items",
      options.accumulate,
    );
  }
  const shape = [batchSize, ...model.shape];
  const latent = [batchSize, ...model.latent];
  const shapes: Record<string, readonly number[]> = {
    x: shape,
    ...(!isQuantized(model) && {
      epsilon: samples === 1 ? latent : [batchSize, samples, ...model.latent],
    }),
    ...(extra.includes("prior") && { prior: latent }),
    ...(extra.includes("other") && { other: shape, otherEpsilon: latent, permutation: latent }),
    ...(model.classes !== undefined && { condition: [batchSize] }),
    ...(model.classes !== undefined && extra.includes("other") && { otherCondition: [batchSize] }),
    ...(isAnnealed && { beta: [batchSize] }),
  };
  const isWhole = (name: string) => name === "permutation" || name.endsWith("ondition");
  const signature = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      return [name, { shape, dtype: isWhole(name) ? ("int64" as const) : ("float32" as const) }];
    }),
  );
  const result = await train<T, string>({
    ...options,
    signature,
    parameters: [...model.parameters, ...(loss.parameters ?? [])],
    loss: loss as Loss<string>,
    optimizer: options.optimizer ?? adam({ learningRate: options.learningRate }),
    ...(model.parameters.some(({ name }) => name === COUNTS) && {
      updates: loss.updates as TrainOptions<T, string>["updates"],
    }),
    ...(loss.optimizer && {
      optimizers: [{ parameters: loss.parameters ?? [], optimizer: loss.optimizer }],
    }),
    batches: noisyBatches(),
  });
  const learned = result.ema ?? result.weights;
  const own = model.parameters.map(({ name }) => [name, learned[name]] as const);
  const vae = withWeights(model, Object.fromEntries(own));
  const pipeline = { kind: "vae", vae: pipelineVae(vae), shape: vae.latent } as const;
  return { vae, pipeline, ...result };

  function* noisyBatches(): Generator<Record<string, BatchInput>> {
    const first = options.resume?.step ?? 0;
    const scale = dataset.range ? "unit" : "none";
    const source = (seed: number) => batches(dataset, { batchSize, seed, scale, from: first });
    const data = source(seed);
    // Another order of the items.
    const others = extra.includes("other") ? source((seed + 1) % 2 ** 53) : undefined;
    const size = model.latent.reduce((a, b) => a * b, 1);
    for (let step = first; ; step++) {
      const batch = data.next().value;
      const normal = (purpose: string, count = 1) =>
        normalNoise({ seed, purpose, batch: batchSize, step, size: size * count });
      const other = others?.next().value;
      const values: Record<string, () => HostArray> = {
        x: () => batch.x,
        epsilon: () => normal("posterior", samples),
        condition: () => labelsOf(batch),
        beta: () => new Float32Array(batchSize).fill((beta as (step: number) => number)(step)),
        prior: () => normal("prior of a batch"),
        other: () => (other as Batch).x,
        otherEpsilon: () => normal("posterior of the others"),
        otherCondition: () => labelsOf(other as Batch),
        permutation: () => permutations({ seed, step, batch: batchSize, size }),
      };
      yield Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [name, { data: values[name](), shape }]),
      );
    }
  }
}

const labelsOf = ({ labels }: Batch) => Array.from(labels as Int32Array);

/** A permutation of 0..batch - 1 in each column of `[batch, size]`. */
function permutations(key: { seed: number; step: number; batch: number; size: number }) {
  const { seed, step, batch, size } = key;
  const table = new Array<number>(batch * size);
  for (let j = 0; j < size; j++) {
    const order = randomStream({ seed, purpose: "permutation", index: j, step }).uniform(batch);
    const places = Array.from(order.keys()).sort((a, b) => order[a] - order[b]);
    for (const [i, place] of places.entries()) table[i * size + j] = place;
  }
  return table;
}
