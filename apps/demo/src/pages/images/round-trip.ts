import type { Backend } from "@gen/runtime-gpu";
import { type AbortSignalLike, ddimSteps, inversionSteps, sampler } from "@gen/sampling";
import { levelsApart } from "./levels-apart.ts";
import type { PictureModel } from "./picture-model.ts";

/** The numbers of steps that are tried, each way. */
const tripSteps = [5, 10, 20, 40, 80] as const;

/** A picture that went to noise and back. */
export interface Trip {
  readonly steps: number;
  /** The noise that the picture became, as the model's x. */
  readonly code: Float32Array;
  /** The picture that came back. */
  readonly picture: Float32Array;
  /** Root mean square of the difference from the picture, in levels of 255. */
  readonly error: number;
}

/**
 * Sends a picture to noise by DDIM inversion and back by DDIM, with more and more steps. Returns the
 * error of the autoencoder alone: 0 for the pixel model.
 */
export async function roundTrips(
  backend: Backend,
  { pipeline, encode, decode }: PictureModel,
  { picture, label }: { readonly picture: Float32Array; readonly label: number },
  events: {
    readonly signal?: AbortSignalLike;
    onTrip?(trip: Trip): unknown;
    onStep?(done: number, all: number): unknown;
  } = {},
): Promise<number> {
  const { denoiser, scheduler, shape: item } = pipeline;
  const { schedule } = scheduler;
  const shape = [1, ...item];
  const start = await encode(picture);
  const ready = sampler({ backend, denoiser });
  const all = tripSteps.reduce((sum, steps) => sum + 2 * steps, 0);
  let done = 0;
  const { signal } = events;
  const onStep = () => events.onStep?.(++done, all);
  const run = async (steps: ReturnType<typeof ddimSteps>, x: Float32Array) => {
    const samples = await ready.sample({ steps, shape, x, condition: label, signal, onStep });
    return Float32Array.from(samples.x);
  };
  try {
    for (const steps of tripSteps) {
      const options = { steps, spacing: "trailing", predicts: denoiser.predicts } as const;
      const code = await run(inversionSteps(schedule, options), start);
      const back = await decode(await run(ddimSteps(schedule, options), code));
      events.onTrip?.({ steps, code, picture: back, error: levelsApart(back, picture) });
    }
    return levelsApart(await decode(start), picture);
  } finally {
    await ready.dispose();
  }
}
