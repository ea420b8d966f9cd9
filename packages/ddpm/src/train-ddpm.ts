import type { Dataset } from "@gen/data";
import type { PredictionType } from "@gen/math";
import type { ModelTrainingOptions, Network, TrainResult } from "@gen/nn";
import { type Denoiser, denoiser } from "@gen/sampling";
import { linearSchedule, type NoiseSchedule } from "@gen/schedules";
import { ddpmLoss, ddpmLosses, type ObjectiveOptions } from "./ddpm-loss.ts";
import { lastLevelWarning } from "./last-level-warning.ts";
import type { TimeSampler } from "./time-sampler.ts";
import { trainNoisy } from "./train-noisy.ts";

/** How a DDPM is trained; what is not described here is as in `train`. */
export interface TrainDdpmOptions<T = unknown> extends ModelTrainingOptions<T>, ObjectiveOptions {
  /**
   * A network of (x, t) or (x, t, condition), such as `mlp` with `time`, or `unet`; or a denoiser
   * that is trained further, such as a loaded pipeline's. Its weights are changed in place.
   */
  readonly network: Network | Denoiser;
  /** What the network is to predict; epsilon, or what a denoiser predicts, unless told. */
  readonly predicts?: PredictionType;
  /** Data, images scaled to [-1, 1], other data as they are. */
  readonly dataset: Dataset;
  /** The noise schedule; `linearSchedule()` unless told. */
  readonly schedule?: NoiseSchedule;
  /**
   * For classifier-free guidance: the share of labels, in [0, 1], that is replaced by
   * `unconditional`; 0 unless told, 0.1 is usual (Ho and Salimans 2022, algorithm 1).
   */
  readonly conditionDropout?: number;
  /** The label that means none; the number of classes unless told, as `mlp` and `unet` have it. */
  readonly unconditional?: number;
  /**
   * How time steps are drawn; each loss is multiplied by its importance. Uniformly unless told. One
   * that learns, such as `lossSecondMoment(schedule.length)`, hears each step's losses, and what it
   * has learned is part of the training's state.
   */
  readonly times?: TimeSampler;
  /** Hears of settings that will hurt; by default they go to the console. */
  readonly onWarning?: (message: string) => void;
}

/** A trained denoiser (with the averaged weights, where `ema` was asked for) and its training. */
export interface TrainedDenoiser extends Denoiser {
  readonly training: TrainResult;
}

/**
 * Trains a DDPM on a dataset (Ho et al. 2020, algorithm 1), with Adam unless told.
 *
 * Batches, time steps and noise are keyed by the seed and the step alone: every backend sees the
 * same numbers, and resuming from a state goes on as if nothing had happened.
 *
 * A model of a file is trained further by `trainDdpm({ network: pipeline.denoiser, schedule:
 * pipeline.scheduler.schedule, ... })`; what that gives goes into `savePipeline` as the denoiser.
 *
 * @throws Error when the loss is no longer finite; RangeError or TypeError when an option, the
 * network and the dataset do not fit each other, or a denoiser has one time step for a whole batch.
 */
export async function trainDdpm<T>(options: TrainDdpmOptions<T>): Promise<TrainedDenoiser> {
  const { network, dataset, schedule = linearSchedule() } = options;
  const model = modelOf(network, options.predicts);
  const conditional = model.condition !== undefined;
  if (conditional && !dataset.labels) {
    throw new RangeError(`the network takes a condition, but ${dataset.name} has no labels`);
  }
  const { conditionDropout: share = 0 } = options;
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`conditionDropout must be in [0, 1], got ${share}`);
  }
  if (share > 0 && !conditional) {
    throw new RangeError("conditionDropout needs a network that takes a condition");
  }
  const none = options.unconditional ?? classesOf(dataset);
  const warning = lastLevelWarning(schedule);
  if (warning) (options.onWarning ?? warn)(warning);
  const training = await trainNoisy(options, {
    conditional,
    loss: ddpmLoss(model, schedule, options),
    losses: ddpmLosses(model, schedule, options),
    length: schedule.length,
    dropout: share > 0 ? { share, none } : undefined,
  });
  return { ...model, training };
}

/** A network with what it predicts, or a denoiser as it is. */
function modelOf(network: Network | Denoiser, predicts: PredictionType | undefined): Denoiser {
  if (!("predicts" in network)) return denoiser(network, predicts);
  if (predicts === undefined || predicts === network.predicts) return network;
  throw new RangeError(
    `predicts must be left out or ${network.predicts}, as the denoiser does, got ${predicts}`,
  );
}

/** How many classes a dataset's labels have. */
function classesOf({ classes, labels }: Dataset): number {
  return classes?.length ?? (labels ? labels.reduce((a, b) => Math.max(a, b), 0) + 1 : 0);
}

function warn(message: string): void {
  const { console } = globalThis as { console?: { warn(message: string): void } };
  console?.warn(message);
}
