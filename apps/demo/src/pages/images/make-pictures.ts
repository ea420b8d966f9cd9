import { normalNoise } from "@gen/math";
import type { AbortSignalLike } from "@gen/sampling";
import { momentRows } from "./moment-rows.ts";
import type { PictureModel } from "./picture-model.ts";
import { type Settings, unlabeled } from "./settings.ts";

/** A moment of all samples of a run. */
export interface Moment {
  /** The number of the step, from 1, and the network's time step. */
  readonly step: number;
  readonly t: number;
  /** x before the step, `[count, ...]`. */
  readonly x: Float32Array;
  /** The clean estimates of the step as pictures, `[count, 28, 28]`. */
  readonly clean: Float32Array;
  readonly secondsLeft: number;
}

export interface Made {
  /** `[count, 28, 28]`. */
  readonly pictures: Float32Array;
  readonly steps: number;
  /** Runs of the network for each sample. */
  readonly evaluations: number;
  readonly seconds: number;
}

/** Draws pictures of a class and reports the moments of the strip, and each step. */
export async function makePictures(
  { sampler, size, passes, decode }: PictureModel,
  { label, guidance, steps, sampler: name, seed, count }: Settings,
  events: {
    readonly signal?: AbortSignalLike;
    onMoment?(moment: Moment): unknown;
    onStep?(step: number, steps: number, secondsLeft: number): unknown;
  } = {},
): Promise<Made> {
  const started = performance.now();
  let x = Float32Array.from(normalNoise({ seed, purpose: "initial", batch: count, size }));
  const made = await sampler.generate({
    count,
    sampler: name,
    steps,
    seed,
    condition: label,
    // Without a class there is nothing to guide to.
    ...(label !== unlabeled && { guidance }),
    signal: events.signal,
    async onStep({ step, steps, t, secondsLeft, ...state }) {
      const shown = momentRows(steps);
      events.onStep?.(step + 1, steps, secondsLeft);
      if (shown.includes(step)) {
        const clean = await decode(Float32Array.from(await state.x0()));
        events.onMoment?.({ step: step + 1, t, x, clean, secondsLeft });
      }
      if (shown.includes(step + 1)) x = Float32Array.from(await state.x());
    },
  });
  return {
    pictures: made.x,
    steps: made.steps,
    evaluations: made.steps * passes(),
    seconds: (performance.now() - started) / 1000,
  };
}
