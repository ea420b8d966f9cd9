import { arrayDataset } from "@gen/data";
import { type TrainedDdpm, trainDdpm } from "@gen/ddpm";
import type { TrainingState } from "@gen/nn";
import { type Backend, backendKinds } from "@gen/runtime-gpu";
import { pointDenoiser } from "./point-denoiser.ts";
import { previewModel } from "./preview-model.ts";
import { schedule } from "./schedule.ts";
import type { TrainProgress, TrainRequest } from "./worker-api.ts";

/** Stops a training when `aborted` is set, and records the step at which that happened. */
export interface StopSignal {
  aborted: boolean;
  /** Number of steps done. */
  step: number;
  stopRequestedAt?: number;
}

/** Previews take at most this share of the time, and there is at most one in a second. */
const previewShare = 0.25;
const previewInterval = 1000;

/** Trains a DDPM on points. Reports progress every 60 ms, and a preview about once a second. */
export function trainPoints({
  backend,
  request: { choice, points, steps },
  resume,
  signal,
  onProgress,
}: {
  backend: Backend;
  request: TrainRequest;
  resume?: TrainingState;
  signal: StopSignal;
  onProgress: (progress: TrainProgress) => void;
}): Promise<TrainedDdpm> {
  const kind = backendKinds.find(({ name }) => name === choice);
  const first = signal.step;
  const started = performance.now();
  let losses: { step: number; loss: number }[] = [];
  let lastReport = 0;
  let nextPreview = started + previewInterval;
  return trainDdpm({
    backend,
    network: pointDenoiser(),
    dataset: arrayDataset({ data: points, shape: [points.length / 2, 2], dtype: "float32" }),
    schedule,
    batchSize: 256,
    steps,
    learningRate: 2e-3,
    ema: 0.99,
    signal,
    resume,
    // Reading a loss is free in host memory. On a GPU it stalls the queue.
    logEvery: kind?.inHostMemory ? 1 : 10,
    async onStep({ step, losses: { loss }, secondsLeft, checkpoint }) {
      signal.step = step;
      losses.push({ step, loss });
      const now = performance.now();
      if (now - lastReport < 60 && step < steps) return;
      lastReport = now;
      const rate = ((step - first) / (now - started)) * 1000;
      onProgress({ backendName: backend.name, progress: { step, rate, secondsLeft, losses } });
      losses = [];
      if (now < nextPreview || step === steps) return;
      const preview = await previewModel(backend, await checkpoint(), points);
      const ended = performance.now();
      nextPreview = ended + Math.max(previewInterval, (ended - now) / previewShare);
      onProgress({ backendName: backend.name, preview });
    },
  });
}
