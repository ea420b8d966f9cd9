import { type Expr, input, mean, neg } from "@gen/graph";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { type Network, type TrainResult, withWeights } from "@gen/nn";
import { type Classifier, conditionInputs, labelLogProb } from "@gen/sampling";
import { linearSchedule, type NoiseSchedule } from "@gen/schedules";
import { checkIndices } from "./check-indices.ts";
import type { DdpmLossInputs } from "./ddpm-loss.ts";
import { qSample } from "./forward.ts";
import { labelsOf } from "./item-conditions.ts";
import { noisyRules, type TrainNoisyOptions, trainNoisy } from "./train-noisy.ts";

/** Settings of {@link trainClassifier}. `dataset` must have labels. */
export interface TrainClassifierOptions<T = unknown> extends TrainNoisyOptions<T> {
  /** A network of (x, t) to logits `[batch, classes]`, such as `mlp` with `time` and `outputs`. */
  readonly network: Network;
}

/** A trained classifier of noisy samples, its weights and its training. */
export interface TrainedClassifier extends TrainResult {
  /** The network with the averaged weights (with `ema`) or the trained weights. */
  readonly classifier: Classifier;
}

/**
 * Trains a classifier of noisy samples, `p(class | x_t)` at every time step, for classifier
 * guidance (Dhariwal and Nichol 2021, section 4). Take the schedule of the denoiser to guide.
 *
 * @throws GenError `not-finite` when the loss is no longer finite; RangeError when the
 * dataset has no labels, or an option, the network and the dataset do not fit each other.
 */
export async function trainClassifier<T>(
  options: TrainClassifierOptions<T>,
): Promise<TrainedClassifier> {
  checkOptions(options, { ...noisyRules, network: rules.NETWORK });
  const { network, dataset, schedule = linearSchedule() } = options;
  if (!dataset.labels) throw new ArgumentError(`${dataset.name} has no labels to train on`);
  const x = input("x", { shape: [1, ...dataset.shape] });
  const logits = network.apply(x, input("t", { shape: [1], dtype: "int64" }));
  checkIndices(`labels of ${dataset.name}`, dataset.labels, Number(logits.shape[1]));
  const loss = classifierLoss(network, schedule);
  const result = await trainNoisy(options, {
    conditions: conditionInputs({ label: labelsOf(dataset) }),
    loss: ({ condition, ...inputs }) => loss({ ...inputs, label: condition?.label as Expr }),
    length: schedule.length,
  });
  const classifier = withWeights<Classifier>(
    { parameters: network.parameters, apply: (x, t) => network.apply(x, t) },
    result.ema ?? result.weights,
  );
  return { classifier, ...result };
}

/**
 * The cross entropy of a classifier's logits at x_t against the labels `label` `[batch]`, in
 * nats, averaged over the batch.
 */
export function classifierLoss(classifier: Pick<Network, "apply">, schedule: NoiseSchedule) {
  return ({ x0, t, epsilon, label }: DdpmLossInputs & { readonly label: Expr }): Expr => {
    const logits = classifier.apply(qSample(schedule, x0, t, epsilon), t);
    return neg(mean(labelLogProb(logits, label)));
  };
}
