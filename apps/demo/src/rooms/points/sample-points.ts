import { ddimSteps } from "@gen/ddim";
import { ddpmSteps } from "@gen/ddpm";
import { normalNoise, slicedWasserstein } from "@gen/math";
import type { Sampler } from "@gen/sampling";
import { transfer } from "comlink";
import { schedule } from "./schedule.ts";
import { mostFrames, type SampleEnd, type SampleFrame, type SampleRequest } from "./studio.ts";

/** Samples points with DDPM or DDIM, with a frame every now and then, and scores them. */
export async function samplePoints({
  on,
  request: { method, steps, eta, seed, count, fresh },
  points,
  signal,
  hear,
}: {
  on: Sampler;
  request: SampleRequest;
  /** What was learned. */
  points: Float32Array;
  signal: AbortSignal;
  hear: (frame: SampleFrame) => void;
}): Promise<Omit<SampleEnd, "ranOn">> {
  const options = { steps, spacing: "trailing" } as const;
  const rows =
    method === "ddpm" ? ddpmSteps(schedule, options) : ddimSteps(schedule, { ...options, eta });
  // Both methods set out from these.
  const x = normalNoise({ seed, purpose: "initial", batch: count, size: 2 });
  hear({ x, t: rows[0].t, done: 0 });
  const every = Math.ceil(rows.length / mostFrames);
  const started = performance.now();
  const samples = await on.sample({
    steps: rows,
    shape: [count, 2],
    seed,
    x,
    clip: points.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
    signal,
    async onStep({ step, x }) {
      const left = rows.length - 1 - step;
      if (left % every !== 0) return;
      const now = Float32Array.from(await x());
      const t = rows[step + 1]?.t ?? 0;
      hear(transfer({ x: now, t, done: 1 - left / rows.length }, [now.buffer]));
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const score = (set: ArrayLike<number>) => slicedWasserstein(set, points, 2, { directions: 64 });
  return {
    steps: rows.length,
    seconds,
    distance: score(samples.x),
    freshDistance: score(fresh),
  };
}
