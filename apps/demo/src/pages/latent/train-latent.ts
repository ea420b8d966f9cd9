import { arrayDataset, type Dataset } from "@gen/data";
import { type Backend, backendKinds } from "@gen/runtime-gpu";
import { trainVae } from "@gen/vae";
import { side, size } from "./drawings.ts";
import type { Pictures, TrainReport, TrainRequest, TrainResult } from "./latent-api.ts";
import { measure, plainVae } from "./mlp-vae.ts";
import { latentVae } from "./network.ts";
import recipe from "./recipe.json";

/** Stops a training when `aborted` is set, and records the step at which that happened. */
export interface StopSignal {
  aborted: boolean;
  /** Number of steps done. */
  step: number;
  stopRequestedAt?: number;
}

/** Previews take at most this share of the time, and there is at most one in a second. */
const previewShare = 0.2;
const previewInterval = 1000;
const reportInterval = 60;

export const datasetOf = ({ pixels }: Pictures): Dataset =>
  arrayDataset({ data: pixels, shape: [pixels.length / size, 1, side, side], dtype: "float32" });

/** The settings of a training, but for what one run adds. A small set gives small batches. */
function trainingOptions({ length }: Dataset) {
  const { learningRate, ema, batchSize, seed } = recipe;
  return { learningRate, ema, seed, batchSize: Math.min(batchSize, length) };
}

/** Trains a VAE on pictures, and reports. */
export async function trainLatent({
  backend,
  request: { leg, resume },
  pictures,
  signal,
  onReport,
}: {
  backend: Backend;
  request: TrainRequest;
  pictures: Pictures;
  signal: StopSignal;
  onReport: (report: TrainReport) => void;
}): Promise<TrainResult> {
  const started = performance.now();
  const dataset = datasetOf(pictures);
  const { name: backendName } = backend;
  const kind = backendKinds.find(({ name }) => name === backendName);
  let losses: NonNullable<TrainReport["progress"]>["losses"][number][] = [];
  let lastReport = 0;
  let nextPreview = started + previewInterval / 2;
  const { training } = await trainVae({
    backend,
    model: latentVae(),
    dataset,
    ...trainingOptions(dataset),
    ...leg,
    resume,
    signal,
    // Reading a loss is free in host memory. On a GPU it stalls the queue.
    logEvery: kind?.inHostMemory ? 1 : 10,
    async onStep({ step, losses: { reconstruction, kl }, secondsLeft, checkpoint }) {
      signal.step = step;
      losses.push({ step, reconstruction, kl });
      const now = performance.now();
      if (now - lastReport < reportInterval && step < leg.steps) return;
      lastReport = now;
      onReport({ backendName, progress: { step, secondsLeft, losses } });
      losses = [];
      if (now < nextPreview || step === leg.steps) return;
      const { ema: weights = {} } = await checkpoint();
      onReport({ backendName, preview: { weights, measured: measured(weights) } });
      const ended = performance.now();
      nextPreview = ended + Math.max(previewInterval, (ended - now) / previewShare);
    },
  });
  const { state, aborted } = training;
  const seconds = (performance.now() - started) / 1000;
  const { stopRequestedAt } = signal;
  return {
    backendName,
    seconds,
    aborted,
    stopRequestedAt,
    state,
    measured: measured(state.ema ?? state.weights),
  };

  function measured(weights: Parameters<typeof plainVae>[0]) {
    return measure(plainVae(weights), pictures.pixels, size);
  }
}
