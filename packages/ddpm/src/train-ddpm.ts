import type { Dataset } from "@gen/data";
import type { Tensor } from "@gen/graph";
import type { PredictionType } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { type Network, type TrainResult, withWeights } from "@gen/nn";
import {
  type ConditionOption,
  conditionInputs,
  type Denoiser,
  type DiffusionPipeline,
  denoiser,
  namedConditions,
} from "@gen/sampling";
import { linearSchedule, type NoiseSchedule, scheduleWarnings } from "@gen/schedules";
import { ddpmLoss, ddpmLosses, type ObjectiveOptions } from "./ddpm-loss.ts";
import { type ItemConditions, itemConditions, ownName } from "./item-conditions.ts";
import type { TimeSampler } from "./time-sampler.ts";
import { noisyRules, type TrainNoisyOptions, trainNoisy } from "./train-noisy.ts";

/** Settings of {@link trainDdpm}. */
export interface TrainDdpmOptions<T = unknown> extends TrainNoisyOptions<T>, ObjectiveOptions {
  /**
   * A network of (x, t) or (x, t, condition), such as `mlp` with `time`, or `unet`; or a denoiser
   * to train further, such as a loaded pipeline's. It stays as it is.
   */
  readonly network: Network | Denoiser;
  /** The prediction to train. @defaultValue a denoiser's own, epsilon for a network */
  readonly predicts?: PredictionType;
  /**
   * The condition of each item, `[length, ...]`, such as embedded texts `[length, tokens,
   * features]`, or one row for all, by the names of the network's arguments. The dataset's labels
   * are the condition `[batch]` that is not given.
   */
  readonly condition?: ConditionOption;
  /**
   * For classifier-free guidance: the share of samples, in [0, 1], whose conditions are replaced by
   * `unconditional`. 0.1 is usual (Ho and Salimans 2022, algorithm 1).
   * @defaultValue 0
   */
  readonly conditionDropout?: number;
  /**
   * The conditions of a dropped sample, by name: a number, or one item's values. A number without a
   * name is the only condition.
   * @defaultValue the number of classes for labels, as in `mlp` and `unet`
   */
  readonly unconditional?: ConditionOption;
  /**
   * Draws the time steps; each loss is multiplied by its importance. A sampler that learns, such as
   * `lossSecondMoment(schedule.length)`, is given each step's losses, and its state is part of the
   * training's.
   * @defaultValue uniform draws
   */
  readonly times?: TimeSampler;
  /** Called with a warning about settings that harm the result. @defaultValue `console.warn` */
  readonly onWarning?: (message: string) => void;
}

/** A trained pipeline, its weights and its training. */
export interface TrainedDdpm extends TrainResult {
  /**
   * The argument of `generate` and `savePipeline`. Its denoiser has the averaged weights (with
   * `ema`) or the trained weights. Its samples of data with a range are clipped to [-1, 1].
   */
  readonly pipeline: DiffusionPipeline;
}

/**
 * Trains a DDPM on a dataset (Ho et al. 2020, algorithm 1).
 *
 * The seed and the step alone decide batches, time steps and noise: every backend sees the same
 * numbers, and a resumed training gives the same weights as an uninterrupted training.
 *
 * `trainDdpm({ network: pipeline.denoiser, schedule: pipeline.scheduler.schedule, ... })` trains a
 * loaded pipeline further.
 *
 * @throws GenError `not-finite` when the loss is no longer finite; RangeError when an
 * option, the network and the dataset do not fit each other, or a denoiser has one time step for a
 * whole batch.
 */
export async function trainDdpm<T>(options: TrainDdpmOptions<T>): Promise<TrainedDdpm> {
  checkOptions(options, {
    ...noisyRules,
    ...conditionRules,
    predicts: rules.optional(rules.PREDICTS),
    times: rules.optional(rules.having("a sampler of time steps", { sample: rules.FUNCTION })),
    onWarning: rules.optional(rules.FUNCTION),
  });
  const { network, dataset, schedule = linearSchedule() } = options;
  const { conditionDropout: share = 0 } = options;
  const model = modelOf(network, options.predicts, schedule);
  const given = namedConditions(options.condition, model.condition);
  const conditions = itemConditions(model, given, dataset);
  for (const warning of scheduleWarnings(schedule)) (options.onWarning ?? warn)(warning);
  const result = await trainNoisy(options, {
    conditions,
    loss: ddpmLoss(model, schedule, options),
    losses: ddpmLosses(model, schedule, options),
    length: schedule.length,
    dropout: share > 0 ? { share, none: unconditionalOf(conditions, options) } : undefined,
  });
  const trained = withWeights(model, result.ema ?? result.weights);
  return { pipeline: pipelineOf(trained, schedule, options), ...result };
}

/** Conditions by name, or the values of the only condition. */
const CONDITION = rules.either(rules.FINITE, rules.NUMBERS, rules.LIST, rules.OBJECT);

/** What the network and its conditions may be. */
export const conditionRules = {
  network: rules.either(rules.DENOISER, rules.NETWORK),
  conditionDropout: rules.optional(rules.UNIT),
  condition: rules.optional(CONDITION),
  unconditional: rules.optional(CONDITION),
};

function pipelineOf(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  { dataset, objective = "simple", variance = "learned_range" }: TrainDdpmOptions,
): DiffusionPipeline {
  const { predicts: predictionType } = denoiser;
  const flow = schedule.spec.kind === "flow";
  return {
    kind: "diffusion",
    denoiser,
    // A flow is sampled by steps that have no clip.
    scheduler: {
      schedule,
      predictionType,
      clip: dataset.range && !flow ? 1 : null,
      ...(flow && predictionType === "flow" && { className: "FlowMatchEulerDiscreteScheduler" }),
      ...(objective !== "simple" && { varianceType: variance }),
    },
    shape: dataset.shape,
    classes: classNames(denoiser, dataset),
  };
}

/** The names of a dataset's classes, or their numbers, for a denoiser that takes a label. */
export function classNames(
  { condition }: Denoiser,
  dataset: Dataset,
): readonly string[] | undefined {
  const labels = Object.values(conditionInputs(condition)).some(({ shape }) => shape.length === 1);
  if (!labels || !dataset.labels) return undefined;
  return dataset.classes ?? Array.from({ length: classesOf(dataset) }, (_, i) => String(i));
}

/** A denoiser of the network, or the given denoiser. A flow's network is told floats. */
function modelOf(
  network: Network | Denoiser,
  predicts: PredictionType | undefined,
  { spec }: NoiseSchedule,
): Denoiser {
  if (!("predicts" in network)) {
    const isFlow = predicts === "flow" && spec.kind === "flow";
    return { ...denoiser(network, predicts), ...(isFlow && { fractionalTime: true }) };
  }
  if (predicts === undefined || predicts === network.predicts) return network;
  throw new ArgumentError(
    `predicts must be left out or ${network.predicts}, as the denoiser does, got ${predicts}`,
  );
}

/** The conditions of a dropped sample, by a program's inputs. */
export function unconditionalOf<T>(
  conditions: ItemConditions,
  { unconditional, dataset }: Pick<TrainDdpmOptions<T>, "unconditional" | "dataset">,
): Record<string, Tensor> {
  const names = Object.keys(conditions);
  if (names.length === 0) {
    throw new ArgumentError("conditionDropout needs a network that takes a condition");
  }
  const [only, ...others] = names;
  const label = others.length === 0 && conditions[only].shape.length === 1;
  const given = unconditional ?? (label ? classesOf(dataset) : undefined);
  const isLost = typeof given === "number" && others.length > 0;
  const wanted = Object.entries(conditions).map(([input, like]) => [ownName(input), like]);
  const none = conditionInputs(isLost ? {} : namedConditions(given, Object.fromEntries(wanted)));
  const unknown = Object.keys(none).find((name) => !(name in conditions));
  if (Object.keys(none).length > 0 && unknown === undefined) return none;
  throw new ArgumentError(
    `unconditional must be given as the network's conditions are, got ${Object.keys(none).join(", ") || "none"}`,
  );
}

/** The number of classes of a dataset's labels. */
function classesOf({ classes, labels }: Dataset): number {
  return classes?.length ?? (labels ? labels.reduce((a, b) => Math.max(a, b), 0) + 1 : 0);
}

function warn(message: string): void {
  const { console } = globalThis as { console?: { warn(message: string): void } };
  console?.warn(message);
}
