import { normalNoise, posteriorCoefficients } from "@gen/math";
import type { PointDenoiser } from "./exact-denoiser.ts";
import { levelOf, logSnrAt } from "./log-snr.ts";

/** Settings of {@link tracePaths}. */
export interface PathOptions {
  readonly denoise: PointDenoiser;
  /** Number of points. */
  readonly count: number;
  /** Number of steps, even in log SNR. */
  readonly steps: number;
  /** 0 is DDIM, 1 is DDPM. */
  readonly eta: number;
  readonly seed: number;
}

/**
 * Yields the points `[count, 2]` at each level from noise to data: `steps + 1` frames, one for each
 * call, so that a page can draw between two steps.
 *
 * Both eta start from the same noise. The noise of a point depends only on the seed, its number and
 * the step, and is the same in every browser.
 */
export function* tracePaths(options: PathOptions): Generator<Float32Array, void> {
  for (const frame of traceParts(options)) if (frame) yield frame;
}

/** The points that are denoised between two yields of {@link traceParts}. */
const PART = 300;

/** The frames of {@link tracePaths}, and undefined after each part of the work on one. */
export function* traceParts(options: PathOptions): Generator<Float32Array | undefined, void> {
  const { denoise, count, steps, eta, seed } = options;
  const start = normalNoise({ seed, purpose: "initial", batch: count, size: 2 });
  const x = Float64Array.from(start);
  const x0 = new Float64Array(x.length);
  yield start;
  for (let step = 0; step < steps; step++) {
    const from = levelOf(logSnrAt(step / steps));
    const to = levelOf(logSnrAt((step + 1) / steps));
    const row = posteriorCoefficients(from, to, eta);
    for (let first = 0; first < x.length; first += 2 * PART) {
      const part = [first, first + 2 * PART] as const;
      denoise(x.subarray(...part), from, x0.subarray(...part));
      yield undefined;
    }
    const noise = eta > 0 ? normalNoise({ seed, step, batch: count, size: 2 }) : undefined;
    for (let i = 0; i < x.length; i++) {
      x[i] = row.x0 * x0[i] + row.x * x[i] + (noise ? row.noise * noise[i] : 0);
    }
    yield Float32Array.from(x);
  }
}
