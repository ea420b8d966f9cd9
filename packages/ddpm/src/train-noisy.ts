import type { Dataset } from "@gen/data";
import { type Expr, mean, mul, type Signature } from "@gen/graph";
import {
  adam,
  type ModelTrainingOptions,
  type TrainingState,
  type TrainResult,
  train,
  type Weighted,
} from "@gen/nn";
import { conditionOf } from "@gen/sampling";
import { adaptiveTimeSampler } from "./adaptive-time-sampler.ts";
import type { DdpmLossInputs } from "./ddpm-loss.ts";
import { type NoisyBatchOptions, noisyBatches } from "./noisy-batches.ts";
import type { TimeSampler } from "./time-sampler.ts";

/** What is trained on noisy samples, and how. */
export interface TrainNoisyOptions<T> extends ModelTrainingOptions<T> {
  readonly network: Weighted;
  readonly dataset: Dataset;
  /** How time steps are drawn. @defaultValue uniformly */
  readonly times?: TimeSampler;
}

/** The loss, and what else differs between a denoiser and a classifier. */
export interface NoisyLoss extends Pick<NoisyBatchOptions, "length" | "conditions" | "dropout"> {
  readonly loss: (inputs: DdpmLossInputs) => Expr;
  /** The losses of each sample `[batch]`, without importance, for a time sampler that learns. */
  readonly losses?: (inputs: DdpmLossInputs) => Expr;
}

/** Trains a network's parameters on noisy samples. */
export async function trainNoisy<T>(
  options: TrainNoisyOptions<T>,
  { conditions, loss, losses, length, dropout }: NoisyLoss,
): Promise<TrainResult> {
  const { network, dataset, times, onStep, batchSize = 128, seed = 0, resume } = options;
  const learns = times?.update && losses;
  const delay = Math.min(options.stepsPerRun ?? 1, options.logEvery ?? 10);
  const adaptive = learns && adaptiveTimeSampler(times, delay, resume?.times);
  const withTimes = (state: TrainingState): TrainingState =>
    adaptive ? { ...state, times: adaptive.state() } : state;
  const shape = [batchSize, ...dataset.shape];
  const signature: Record<string, Signature> = {
    x0: { shape },
    t: { shape: [batchSize], dtype: "int64" },
    epsilon: { shape },
    ...Object.fromEntries(
      Object.entries(conditions).map(([name, { shape, dtype }]) => [
        name,
        { shape: [batchSize, ...shape.slice(1)], dtype },
      ]),
    ),
    ...(times && { importance: { shape: [batchSize] } }),
  };
  const { training, ...weights } = await train({
    ...options,
    signature,
    parameters: network.parameters,
    loss: (given: Record<string, Expr>) => {
      const { x0, t, epsilon, importance } = given;
      const inputs = { x0, t, epsilon, condition: conditionOf(given), importance };
      if (!learns) return loss(inputs);
      // Both losses share one application of the network: with dropout, two would differ.
      const each = learns(inputs);
      return { loss: mean(mul(each, importance)), each };
    },
    optimizer: options.optimizer ?? adam({ learningRate: options.learningRate ?? 1e-3 }),
    batches: noisyBatches({
      dataset,
      length,
      batchSize,
      seed,
      firstStep: resume?.step ?? 0,
      times: adaptive ?? times,
      conditions,
      dropout,
    }),
    ...(adaptive && {
      onSamples: (step: { losses: Readonly<Record<string, ArrayLike<number>>> }) =>
        adaptive.addLosses(step.losses.each),
    }),
    onStep:
      onStep &&
      ((progress) =>
        onStep({ ...progress, checkpoint: async () => withTimes(await progress.checkpoint()) })),
  });
  return { ...weights, training: { ...training, state: withTimes(training.state) } };
}
