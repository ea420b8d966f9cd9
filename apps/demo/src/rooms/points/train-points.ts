import { arrayDataset } from "@gen/data";
import { type TrainedDdpm, trainDdpm } from "@gen/ddpm";
import type { TrainingState } from "@gen/nn";
import { type Backend, backendKinds } from "@gen/runtime-gpu";
import { pointDenoiser } from "./point-denoiser.ts";
import { schedule } from "./schedule.ts";
import type { TrainNews, TrainRequest } from "./studio.ts";

/** Stops a training once `aborted`, and knows where it stood when that was heard. */
export interface Halt {
  aborted: boolean;
  /** Steps done. */
  step: number;
  heardAt?: number;
}

/** Trains a DDPM on points, with news every now and then. */
export function trainPoints({
  backend,
  request: { choice, points, steps },
  resume,
  signal,
  hear,
}: {
  backend: Backend;
  request: TrainRequest;
  resume?: TrainingState;
  signal: Halt;
  hear: (news: TrainNews) => void;
}): Promise<TrainedDdpm> {
  const kind = backendKinds.find(({ name }) => name === choice);
  const first = signal.step;
  const started = performance.now();
  let losses: { step: number; loss: number }[] = [];
  let told = 0;
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
    // Reading a loss costs nothing where tensors are in host memory, and a stall on a GPU.
    logEvery: kind?.inHostMemory ? 1 : 10,
    onStep({ step, losses: { loss }, secondsLeft }) {
      signal.step = step;
      losses.push({ step, loss });
      const now = performance.now();
      if (now - told < 60 && step < steps) return;
      told = now;
      const rate = ((step - first) / (now - started)) * 1000;
      hear({ ranOn: backend.name, progress: { step, rate, secondsLeft, losses } });
      losses = [];
    },
  });
}
