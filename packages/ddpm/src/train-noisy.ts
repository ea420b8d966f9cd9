import type { Dataset } from "@gen/data";
import { type Expr, mean, mul, type Signature } from "@gen/graph";
import {
  adam,
  loadParameters,
  type ModelTrainingOptions,
  type Parameters,
  type TrainingState,
  type TrainResult,
  train,
} from "@gen/nn";
import { conditionOf } from "@gen/sampling";
import type { DdpmLossInputs } from "./ddpm-loss.ts";
import { type NoisyBatchOptions, noisyBatches } from "./noisy-batches.ts";
import { type TaughtTimes, taughtTimes } from "./taught-times.ts";
import type { TimeSampler } from "./time-sampler.ts";

/** What is trained on noisy samples, and how. */
export interface TrainNoisyOptions<T> extends ModelTrainingOptions<T> {
  readonly network: Parameters;
  readonly dataset: Dataset;
  /** How time steps are drawn; uniformly unless told. */
  readonly times?: TimeSampler;
}

/** What a denoiser and a classifier differ in. */
export interface NoisyLoss extends Pick<NoisyBatchOptions, "length" | "conditions" | "dropout"> {
  readonly loss: (inputs: DdpmLossInputs) => Expr;
  /** The losses of each sample `[batch]`, without importance, for a sampler that learns. */
  readonly losses?: (inputs: DdpmLossInputs) => Expr;
}

/** Trains a network on noisy samples; with `ema` it ends with the averaged weights. */
export async function trainNoisy<T>(
  options: TrainNoisyOptions<T>,
  { conditions, loss, losses, length, dropout }: NoisyLoss,
): Promise<TrainResult> {
  const { network, dataset, times, batchSize = 128, seed = 0, resume } = options;
  const learns = times?.update && losses;
  const lag = Math.min(options.stepsPerRun ?? 1, options.logEvery ?? 10);
  const taught = learns && taughtTimes(times, lag, resume?.tensors);
  const shape = [batchSize, ...dataset.shape];
  const whole = { shape: [batchSize], dtype: "int64" } as const;
  const signature: Record<string, Signature> = {
    x0: { shape },
    t: whole,
    epsilon: { shape },
    ...Object.fromEntries(
      Object.entries(conditions).map(([name, { shape, dtype }]) => [
        name,
        { shape: [batchSize, ...shape.slice(1)], dtype },
      ]),
    ),
    ...(times && { importance: { shape: [batchSize] } }),
  };
  const training = await train({
    ...options,
    signature,
    parameters: network.parameters,
    loss: (told: Record<string, Expr>) => {
      const { x0, t, epsilon, importance } = told;
      const inputs = { x0, t, epsilon, condition: conditionOf(told), importance };
      if (!learns) return loss(inputs);
      // One application of the network for both, also where dropout makes each another.
      const each = learns(inputs);
      return { loss: mean(mul(each, importance)), each };
    },
    optimiser: options.optimiser ?? adam({ learningRate: options.learningRate ?? 1e-3 }),
    batches: noisyBatches({
      dataset,
      length,
      batchSize,
      seed,
      firstStep: resume?.step ?? 0,
      times: taught ?? times,
      conditions,
      dropout,
    }),
    ...(taught && {
      onSamples: (step: { losses: Readonly<Record<string, ArrayLike<number>>> }) =>
        taught.hear(step.losses.each),
      onStep: options.onStep && withTimes(options.onStep, taught),
    }),
  });
  if (training.ema) loadParameters(network, training.ema);
  return taught ? { ...training, state: joined(training.state, taught) } : training;
}

const joined = (state: TrainingState, taught: TaughtTimes): TrainingState => ({
  ...state,
  tensors: { ...state.tensors, ...taught.state() },
});

/** Progress whose checkpoints hold what the sampler has learned. */
function withTimes(
  onStep: NonNullable<TrainNoisyOptions<unknown>["onStep"]>,
  taught: TaughtTimes,
): NonNullable<TrainNoisyOptions<unknown>["onStep"]> {
  return (progress) => {
    const checkpoint = async () => joined(await progress.checkpoint(), taught);
    return onStep({ ...progress, checkpoint });
  };
}
