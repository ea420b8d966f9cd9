import { exactDenoiser } from "@gen/figures";
import { type NoiseLevel, normalNoise } from "@gen/math";
import { levelTransitions, type Sampler, stepTable } from "@gen/sampling";
import { type LevelLosses, lossLogSnrs } from "./loss-log-snrs.ts";
import { schedule } from "./schedule.ts";

/*
 * The loss of a model at five noise levels: the mean squared error of the noise that it sees. The
 * loss of the exact denoiser of the same points is the least that is possible there.
 */

const count = 250;
const times = lossLogSnrs.map((wanted) => {
  const first = schedule.snr.findIndex((snr) => Math.log(snr) <= wanted);
  return first < 0 ? schedule.length - 1 : first;
});
const noises = times.map((_, step) => normalNoise({ seed: 7, step, batch: count, size: 2 }));

function noisy(x0: Float32Array, level: NoiseLevel, noise: Float32Array): Float32Array {
  return x0.map((v, i) => level.signal * v + level.noise * noise[i]);
}

/** The mean squared error of the noise that a clean estimate leaves in `x`. */
function noiseError(
  x: Float32Array,
  estimate: ArrayLike<number>,
  { signal, noise }: NoiseLevel,
  drawn: Float32Array,
): number {
  const squares = x.reduce(
    (sum, v, i) => sum + ((v - signal * estimate[i]) / noise - drawn[i]) ** 2,
    0,
  );
  return squares / x.length;
}

const leastOf = new WeakMap<Float32Array, readonly number[]>();

/** The losses of the exact denoiser of points `[n, 2]`. */
function leastLosses(points: Float32Array): readonly number[] {
  const known = leastOf.get(points);
  if (known) return known;
  const denoise = exactDenoiser(points, 0.02);
  const losses = times.map((t, i) => {
    const level = schedule.level(t);
    const x = noisy(points.subarray(0, 2 * count), level, noises[i]);
    const x0 = new Float64Array(x.length);
    denoise(x, level, x0);
    return noiseError(x, x0, level, noises[i]);
  });
  leastOf.set(points, losses);
  return losses;
}

/** The losses of a model on its training points `[n, 2]`. */
export async function levelLosses(
  sampler: Sampler,
  points: Float32Array,
  clip: number,
): Promise<LevelLosses> {
  const learned: number[] = [];
  for (const [i, t] of times.entries()) {
    const level = schedule.level(t);
    const x = noisy(points.subarray(0, 2 * count), level, noises[i]);
    // One step to clean data ends at the clean estimate.
    const steps = stepTable(levelTransitions(schedule, [t]));
    const estimate = await sampler.sample({ steps, shape: [x.length / 2, 2], x, seed: 0, clip });
    learned.push(noiseError(x, estimate.x, level, noises[i]));
  }
  return { learned, least: leastLosses(points) };
}
