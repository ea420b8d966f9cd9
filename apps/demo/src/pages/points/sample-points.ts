import { ddimSteps } from "@gen/ddim";
import { ddpmSteps } from "@gen/ddpm";
import { normalNoise, slicedWasserstein } from "@gen/math";
import type { Sampler } from "@gen/sampling";
import { transfer } from "comlink";
import { boundOf } from "./bound.ts";
import { schedule } from "./schedule.ts";
import {
  maxFrames,
  type SampleFrame,
  type SampleRequest,
  type SampleResult,
} from "./worker-api.ts";

/** Samples points with DDPM or DDIM, reports frames, and scores the samples. */
export async function samplePoints({
  sampler,
  request: { method, steps, eta, seed, count },
  points,
  signal,
  onFrame,
}: {
  sampler: Sampler;
  request: SampleRequest;
  /** The training points, `[n, 2]`. */
  points: Float32Array;
  signal: AbortSignal;
  onFrame: (frame: SampleFrame) => void;
}): Promise<Omit<SampleResult, "backendName" | "fresh">> {
  const options = { steps, spacing: "trailing" } as const;
  const rows =
    method === "ddpm" ? ddpmSteps(schedule, options) : ddimSteps(schedule, { ...options, eta });
  // Both methods start from the same noise.
  const x = normalNoise({ seed, purpose: "initial", batch: count, size: 2 });
  onFrame({ x, t: rows[0].t, done: 0 });
  const every = Math.ceil(rows.length / maxFrames);
  const started = performance.now();
  const samples = await sampler.sample({
    steps: rows,
    shape: [count, 2],
    seed,
    x,
    clip: boundOf(points),
    signal,
    async onStep({ step, x }) {
      const remaining = rows.length - 1 - step;
      if (remaining % every !== 0) return;
      const points = Float32Array.from(await x());
      const t = rows[step + 1]?.t ?? 0;
      onFrame(transfer({ x: points, t, done: 1 - remaining / rows.length }, [points.buffer]));
    },
  });
  const seconds = (performance.now() - started) / 1000;
  return { steps: rows.length, seconds, distance: dataDistance(samples.x, points) };
}

/** The sliced Wasserstein distance of samples to the data, both `[n, 2]`. */
export const dataDistance = (samples: ArrayLike<number>, points: Float32Array): number =>
  slicedWasserstein(samples, points, 2, { directions: 64 });
