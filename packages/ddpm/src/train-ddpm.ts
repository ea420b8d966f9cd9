import { type Batch, batches, type Dataset } from "@gen/data";
import type { Expr, Signature } from "@gen/graph";
import { normalNoise, type PredictionType, randomStream } from "@gen/math";
import {
  adam,
  type BatchInput,
  loadParameters,
  type Network,
  type Schedule,
  type TrainOptions,
  type TrainResult,
  train,
} from "@gen/nn";
import { type Denoiser, denoiser } from "@gen/sampling";
import { linearSchedule, type NoiseSchedule } from "@gen/schedules";
import { ddpmLoss } from "./ddpm-loss.ts";
import { lastLevelWarning } from "./last-level-warning.ts";

type Passed =
  | "backend"
  | "steps"
  | "ema"
  | "clipNorm"
  | "logEvery"
  | "signal"
  | "onStep"
  | "resume";

/** How a DDPM is trained; what is not described here is as in `train`. */
export interface TrainDdpmOptions<T = unknown> extends Pick<TrainOptions<T>, Passed> {
  /** A network of (x, t) or (x, t, condition), such as `mlp` with `time`, or `unet`. */
  readonly network: Network;
  /** What the network is to predict; epsilon unless told. */
  readonly predicts?: PredictionType;
  /** Data, images scaled to [-1, 1], other data as they are. */
  readonly dataset: Dataset;
  /** The noise schedule; `linearSchedule()` unless told. */
  readonly schedule?: NoiseSchedule;
  /** 128 unless told. */
  readonly batchSize?: number;
  /** A number or a schedule over steps; 1e-3 unless told. */
  readonly learningRate?: Schedule;
  readonly optimiser?: TrainOptions<T>["optimiser"];
  /** An integer in [0, 2^53) that decides batches, time steps and noise; 0 unless told. */
  readonly seed?: number;
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
  const { network, dataset, schedule = linearSchedule(), batchSize = 128, seed = 0 } = options;
  const conditional = Object.keys(network.signature).length > 2;
  if (conditional && !dataset.labels) {
    throw new RangeError(`the network takes a condition, but ${dataset.name} has no labels`);
  }
  const warning = lastLevelWarning(schedule);
  if (warning) (options.onWarning ?? warn)(warning);
  const model = denoiser(network, options.predicts);
  const shape = [batchSize, ...dataset.shape];
  const signature: Record<string, Signature> = {
    x0: { shape },
    t: { shape: [batchSize], dtype: "int64" },
    epsilon: { shape },
    ...(conditional && { condition: { shape: [batchSize], dtype: "int64" } }),
  };
  const loss = ddpmLoss(model, schedule);
  const training = await train({
    ...options,
    signature,
    parameters: network.parameters,
    loss: ({ x0, t, epsilon, condition }: Record<string, Expr>) =>
      loss({ x0, t, epsilon, condition }),
    optimiser: options.optimiser ?? adam({ learningRate: options.learningRate ?? 1e-3 }),
    batches: noisyBatches(dataset, schedule, batchSize, seed, options.resume?.step ?? 0),
  });
  if (training.ema) loadParameters(network, training.ema);
  return { ...model, training };
}

function warn(message: string): void {
  const { console } = globalThis as { console?: { warn(message: string): void } };
  console?.warn(message);
}

function* noisyBatches(
  dataset: Dataset,
  schedule: NoiseSchedule,
  batchSize: number,
  seed: number,
  firstStep: number,
): Generator<Record<string, BatchInput>> {
  const clean = batchesFrom(dataset, batchSize, seed, firstStep);
  for (let step = firstStep; ; step++) {
    const { x, shape, labels }: Batch = clean.next().value;
    const drawn = randomStream({ seed, purpose: "time steps", step }).integers(
      batchSize,
      schedule.length,
    );
    const t = BigInt64Array.from(drawn, (v) => BigInt(v));
    const size = x.length / batchSize;
    const noise = normalNoise({ seed, purpose: "training noise", batch: batchSize, step, size });
    yield {
      x0: { data: x, shape },
      t: { data: t, shape: [batchSize], dtype: "int64" },
      epsilon: { data: noise, shape },
      ...(labels && {
        condition: {
          data: BigInt64Array.from(labels, (label) => BigInt(label)),
          shape: [batchSize],
          dtype: "int64",
        },
      }),
    };
  }
}

function batchesFrom(dataset: Dataset, batchSize: number, seed: number, step: number) {
  const perEpoch = Math.max(Math.floor(dataset.length / batchSize), 1);
  const from = {
    seed,
    length: dataset.length,
    epoch: Math.floor(step / perEpoch),
    position: (step % perEpoch) * batchSize,
  };
  const scale = dataset.range ? "signed" : "none";
  return batches(dataset, { batchSize, seed, scale, from: step > 0 ? from : undefined });
}
