import { cast, type Expr, input, less, logSumExp, max, mean, neg, sub } from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
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
  /**
   * Whether x is noised to a step t that is drawn. False trains on the data themselves, at t = 0; such a
   * classifier guides no denoiser.
   * @defaultValue true
   */
  readonly noisy?: boolean;
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
 * The losses are `loss`, the cross entropy in nats, and `accuracy`, the share of right classes.
 *
 * @throws GenError `not-finite` when the loss is no longer finite; RangeError when the
 * dataset has no labels, or an option, the network and the dataset do not fit each other.
 */
export async function trainClassifier<T>(
  options: TrainClassifierOptions<T>,
): Promise<TrainedClassifier> {
  checkOptions(options, {
    ...noisyRules,
    network: rules.NETWORK,
    noisy: rules.optional(rules.FLAG),
  });
  const { network, dataset, schedule = linearSchedule(), noisy = true } = options;
  if (!dataset.labels) throw new ArgumentError(`${dataset.name} has no labels to train on`);
  const x = input("x", { shape: [1, ...dataset.shape] });
  const logits = network.apply(x, input("t", { shape: [1], dtype: "int64" }));
  checkIndices(`labels of ${dataset.name}`, dataset.labels, Number(logits.shape[1]));
  const loss = classifierLosses(network, noisy ? schedule : undefined);
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
 * Losses of a classifier on a batch: the cross entropy of its logits at x_t against the labels
 * `[batch]`, in nats, and the share of samples whose label has the largest logit, means over the batch.
 * Without a schedule x_t is the data, at t = 0.
 *
 * @param classifier A network of (x, t) to logits `[batch, classes]`.
 * @param schedule The noise levels. Default: no noise.
 */
export function classifierLosses(classifier: Pick<Network, "apply">, schedule?: NoiseSchedule) {
  checkArguments(
    { classifier, schedule },
    {
      classifier: rules.having("a network", { apply: rules.FUNCTION }),
      schedule: rules.optional(rules.SCHEDULE),
    },
  );
  return ({ x0, t, epsilon, label }: DdpmLossInputs & { readonly label: Expr }) => {
    const time = schedule ? t : sub(label, label);
    const logits = classifier.apply(schedule ? qSample(schedule, x0, t, epsilon) : x0, time);
    const logProb = labelLogProb(logits, label);
    const best = sub(max(logits, [1]), logSumExp(logits, 1));
    const wrong = cast(less(logProb, best), logits.dtype);
    return { loss: neg(mean(logProb)), accuracy: sub(1, mean(wrong)) };
  };
}
