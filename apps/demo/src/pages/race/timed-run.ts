import { readSafetensors } from "@gen/data";
import { withWeights } from "@gen/nn";
import { eventLoopYielder } from "@gen/runtime-gpu/event-loop";
import { denoiser, sample } from "@gen/sampling";
import { backendError } from "../../backends/backend-error.ts";
import type { Choice } from "../../backends/choices.ts";
import { openBackend } from "../../backends/open-backend.ts";
import { pointDenoiser } from "../points/point-denoiser.ts";
import { count, type RunFrame, type RunRequest } from "./race-api.ts";
import { raceSteps } from "./race-steps.ts";

/** Opens the runtime of a request, runs it and takes the times. Its code has loaded before. */
export async function timedRun(
  { name, seed, model }: RunRequest,
  signal: AbortSignal,
  onFrame: (frame: RunFrame) => void,
) {
  const { tensors, metadata } = readSafetensors(model);
  const network = withWeights(denoiser(pointDenoiser()), tensors);
  const times: number[] = [];
  const frames: Float32Array[] = [];
  const yieldNow = eventLoopYielder();
  const started = performance.now();
  let last = started;
  const backend = await open(name);
  try {
    const { x } = await sample({
      backend,
      denoiser: network,
      steps: raceSteps(),
      shape: [count, 2],
      seed,
      clip: Number(metadata.bound),
      signal,
      async onStep({ step, x }) {
        const points = Float32Array.from(await x());
        times.push(performance.now() - last);
        frames.push(points);
        onFrame({ x: points, step: step + 1 });
        await yieldNow();
        last = performance.now();
      },
    });
    const whole = performance.now() - started;
    const [start, ...rest] = times;
    const step = rest.sort((a, b) => a - b)[rest.length >> 1];
    return { x: x as Float32Array | Float64Array, frames, start, step, whole };
  } finally {
    await backend.close();
  }
}

/** Layers this small take longer to split over threads than to compute on one. */
const open = (name: Choice) =>
  openBackend(name, 1).catch((cause: Error) => {
    throw Object.assign(new Error(cause.message), { name: backendError });
  });
