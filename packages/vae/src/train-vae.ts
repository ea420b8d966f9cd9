import { batches, type Dataset } from "@gen/data";
import { normalNoise } from "@gen/math";
import { checkOptions, rules } from "@gen/math/arguments";
import {
  adam,
  type BatchInput,
  type ModelTrainingOptions,
  type TrainResult,
  train,
  withWeights,
} from "@gen/nn";
import type { VaePipeline } from "@gen/sampling";
import { pipelineVae } from "./pipeline-vae.ts";
import { checkDataset, type Vae } from "./vae.ts";
import { vaeLoss } from "./vae-loss.ts";

/** Settings of {@link trainVae}. */
export interface TrainVaeOptions<T = unknown> extends ModelTrainingOptions<T> {
  /** The VAE to train. It stays as it is. */
  readonly model: Vae;
  /** The data. Training maps data with a range to [0, 1]. */
  readonly dataset: Dataset;
  /** Weight of the KL term; 1 gives the bound itself. @defaultValue 1 */
  readonly beta?: number;
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
 * The losses are `loss`, `reconstruction` and `kl`, in nats for each item. The seed and the step
 * alone decide batches and noise. The given model stays as it is.
 *
 * @throws GenError `not-finite` when the loss is no longer finite; RangeError when the items do not
 * fit the model.
 */
export async function trainVae<T>(options: TrainVaeOptions<T>): Promise<TrainedVae> {
  checkOptions(options, { batchSize: rules.optional(rules.COUNT) });
  const { model, dataset, batchSize = 128, seed = 0, beta } = options;
  checkDataset(model, dataset);
  const shape = [batchSize, ...model.shape];
  const latent = [batchSize, ...model.latent];
  const result = await train({
    ...options,
    signature: { x: { shape }, epsilon: { shape: latent } },
    parameters: model.parameters,
    loss: vaeLoss(model, { beta }),
    optimizer: options.optimizer ?? adam({ learningRate: options.learningRate }),
    batches: noisyBatches(),
  });
  const vae = withWeights(model, result.ema ?? result.weights);
  return { vae, pipeline: { kind: "vae", vae: pipelineVae(vae), shape: vae.latent }, ...result };

  function* noisyBatches(): Generator<Record<"x" | "epsilon", BatchInput>> {
    const first = options.resume?.step ?? 0;
    const scale = dataset.range ? "unit" : "none";
    const data = batches(dataset, { batchSize, seed, scale, from: first });
    const size = model.latent.reduce((a, b) => a * b, 1);
    for (let step = first; ; step++) {
      const { x } = data.next().value;
      const noise = normalNoise({ seed, purpose: "posterior", batch: batchSize, step, size });
      yield { x: { data: x, shape }, epsilon: { data: noise, shape: latent } };
    }
  }
}
