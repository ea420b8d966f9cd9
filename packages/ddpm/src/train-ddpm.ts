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
  /** A network of (x, t) or (x, t, condition), such as `mlp` with `time`, or `unet`. */
  readonly network: Network;
  /** What the network is to predict; epsilon unless told. */
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
 * @throws Error when the loss is no longer finite; RangeError or TypeError when an option, the
 * network and the dataset do not fit each other.
 */
export async function trainDdpm<T>(options: TrainDdpmOptions<T>): Promise<TrainedDenoiser> {
  const { network, dataset, schedule = linearSchedule() } = options;
  const conditional = Object.keys(network.signature).length > 2;
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
  const model = denoiser(network, options.predicts);
  const training = await trainNoisy(options, {
    conditional,
    loss: ddpmLoss(model, schedule, options),
    losses: ddpmLosses(model, schedule, options),
    length: schedule.length,
    dropout: share > 0 ? { share, none } : undefined,
  });
  return { ...model, training };
}

/** How many classes a dataset's labels have. */
function classesOf({ classes, labels }: Dataset): number {
  return classes?.length ?? (labels ? labels.reduce((a, b) => Math.max(a, b), 0) + 1 : 0);
}

function warn(message: string): void {
  const { console } = globalThis as { console?: { warn(message: string): void } };
  console?.warn(message);
}
