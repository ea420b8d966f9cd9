import type { Dataset } from "@gen/data";
import { type Expr, mean, mul, type Signature } from "@gen/graph";
import { rules } from "@gen/math/arguments";
import {
  adam,
  type ModelTrainingOptions,
  type TrainingState,
  type TrainResult,
  train,
  type Weighted,
} from "@gen/nn";
import { conditionOf } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { adaptiveTimeSampler } from "./adaptive-time-sampler.ts";
import { checkTableInputs } from "./check-indices.ts";
import type { DdpmLossInputs } from "./ddpm-loss.ts";
import type { EdmLossInputs } from "./edm-loss.ts";
import { type NoisyBatchOptions, noisyBatches } from "./noisy-batches.ts";
import type { TimeSampler } from "./time-sampler.ts";

/** Settings of every training on noisy samples. */
export interface TrainNoisyOptions<T> extends ModelTrainingOptions<T> {
  /** The data. Training scales images to [-1, 1] and leaves other data as they are. */
  readonly dataset: Dataset;
  /** The noise schedule. @defaultValue `linearSchedule()` */
  readonly schedule?: NoiseSchedule;
}

/** What the settings of a training on noisy samples may be. `train` checks the others. */
export const noisyRules = {
  dataset: rules.DATASET,
  schedule: rules.optional(rules.SCHEDULE),
  batchSize: rules.optional(rules.COUNT),
  logEvery: rules.optional(rules.COUNT),
  stepsPerRun: rules.optional(rules.COUNT),
  onStep: rules.optional(rules.FUNCTION),
};

/** The inputs of a loss: time steps `t`, or with `logSigma` noise levels `sigma`. */
type NoisyInputs = DdpmLossInputs & EdmLossInputs;

/** The differences between the training of a denoiser and of a classifier. */
export interface NoisyLoss
  extends Pick<NoisyBatchOptions, "length" | "logSigma" | "conditions" | "dropout"> {
  readonly loss: (inputs: NoisyInputs) => Expr | Record<string, Expr>;
  /** The losses of each sample `[batch]`, without importance, for a time sampler that learns. */
  readonly losses?: (inputs: DdpmLossInputs) => Expr;
}

const namedLosses = (given: Expr | Record<string, Expr>): Record<string, Expr> =>
  "op" in given && typeof given.op === "string"
    ? { loss: given as Expr }
    : (given as Record<string, Expr>);

/** Trains a network's parameters on noisy samples. */
export async function trainNoisy<T>(
  options: TrainNoisyOptions<T> & { readonly network: Weighted; readonly times?: TimeSampler },
  { conditions, loss, losses, length, logSigma, dropout }: NoisyLoss,
): Promise<TrainResult> {
  const { network, dataset, times, onStep, batchSize = 128, seed = 0, resume } = options;
  const lossOfEach = times?.update && losses;
  const delay = Math.min(options.stepsPerRun ?? 1, options.logEvery ?? 10);
  const adaptive = lossOfEach && adaptiveTimeSampler(times, delay, resume?.times);
  const withTimes = (state: TrainingState): TrainingState =>
    adaptive ? { ...state, times: adaptive.state() } : state;
  const shape = [batchSize, ...dataset.shape];
  const signature: Record<string, Signature> = {
    x0: { shape },
    ...(logSigma
      ? { sigma: { shape: [batchSize] } }
      : { t: { shape: [batchSize], dtype: "int64" as const } }),
    epsilon: { shape },
    ...(times && { importance: { shape: [batchSize] } }),
  };
  for (const [name, { shape, dtype }] of Object.entries(conditions)) {
    signature[name] = { shape: [batchSize, ...shape.slice(1)], dtype };
  }
  const conditionValues = Object.fromEntries(
    Object.entries(conditions).map(([name, values]) => {
      const none = dropout?.none[name];
      return [name, none === undefined ? [values] : [values, none]];
    }),
  );
  const { training, ...weights } = await train({
    ...options,
    signature,
    parameters: network.parameters,
    loss: (given: Record<string, Expr>) => {
      const { x0, t, sigma, epsilon, importance } = given;
      const inputs = { x0, t, sigma, epsilon, condition: conditionOf(given), importance };
      // Both losses share one application of the network: with dropout, two would differ.
      const each = lossOfEach?.(inputs);
      const losses = each ? { loss: mean(mul(each, importance)), each } : namedLosses(loss(inputs));
      checkTableInputs(losses, conditionValues);
      return losses;
    },
    optimizer: options.optimizer ?? adam({ learningRate: options.learningRate }),
    batches: noisyBatches({
      dataset,
      length,
      logSigma,
      batchSize,
      seed,
      firstStep: resume?.step ?? 0,
      times: adaptive ?? times,
      conditions,
      dropout,
    }),
    onSamples: adaptive && (({ losses }) => adaptive.addLosses(losses.each)),
    onStep:
      onStep &&
      ((progress) =>
        onStep({ ...progress, checkpoint: async () => withTimes(await progress.checkpoint()) })),
  });
  return { ...weights, training: { ...training, state: withTimes(training.state) } };
}
