import { arrayDataset } from "@gen/data";
import { type TrainedDdpm, trainDdpm } from "@gen/ddpm";
import type { TrainingState } from "@gen/nn";
import { type Backend, backendKinds } from "@gen/runtime-gpu";
import { pointDenoiser } from "./point-denoiser.ts";
import { schedule } from "./schedule.ts";
import type { TrainProgress, TrainRequest } from "./worker-api.ts";

/** Stops a training when `aborted` is set, and records the step at which that happened. */
export interface StopSignal {
  aborted: boolean;
  /** Number of steps done. */
  step: number;
  stopRequestedAt?: number;
}

/** Trains a DDPM on points, and reports progress every 60 ms. */
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
    onStep({ step, losses: { loss }, secondsLeft }) {
      signal.step = step;
      losses.push({ step, loss });
      const now = performance.now();
      if (now - lastReport < 60 && step < steps) return;
      lastReport = now;
      const rate = ((step - first) / (now - started)) * 1000;
      onProgress({ backendName: backend.name, progress: { step, rate, secondsLeft, losses } });
      losses = [];
    },
  });
}
