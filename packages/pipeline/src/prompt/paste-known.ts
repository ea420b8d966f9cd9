/*
 * Inpainting by a network that knows no mask, as diffusers 0.39 pastes: before each step but the
 * first, and at the end, x is the image's own latents outside the mask, at the noise level there and
 * with the first noise.
 *
 *   x = mask x + (1 - mask) (signal latents + noise epsilon)
 *
 * The paste is in the graph of the network (pasted-denoiser.ts): levels are looked up by the
 * time step.
 */
import type { Tensor } from "@gen/graph";
import type { FloatArray, NoiseLevel } from "@gen/math";
import type { Start } from "./make-pictures.ts";
import type { Part } from "./part-of-steps.ts";
import { ROUNDING } from "./pasted-denoiser.ts";

/** What is known of `rows` pictures, row-major; the mask has one channel. */
interface Known {
  readonly latents: Float32Array;
  readonly epsilon: Float32Array;
  readonly mask: Float32Array;
  readonly rows: number;
}

const isSame = (a: number, b: number) => Math.abs(a - b) < ROUNDING * (1 + Math.abs(b));

const CLEAN: NoiseLevel = { signal: 1, noise: 0 };

/** What a start needs so that known latents of shape `[channels, height, width]` are pasted. */
export function pasted(
  latent: readonly number[],
  { levels, times }: Pick<Part, "levels" | "times">,
  known: Known,
): Required<Pick<Start, "isPasted" | "condition" | "finish" | "watch">> {
  const [channels, height, width] = latent;
  const area = height * width;
  const size = channels * area;
  /** x of samples from number `first` on, pasted at a level. */
  const paste = (x: FloatArray, first: number, { signal, noise }: NoiseLevel): Float32Array =>
    Float32Array.from(x, (value, i) => {
      const at = first * size + i;
      const isNew = known.mask[Math.floor(at / size) * area + (at % area)] === 1;
      return isNew ? value : signal * known.latents[at] + noise * known.epsilon[at];
    });
  const ofKnown = (data: Float32Array, count: number) =>
    floats(data, [known.rows, count, height, width]);
  return {
    isPasted: true,
    condition: {
      ...levelsByTime(levels, times),
      "known.latents": ofKnown(known.latents, channels),
      "known.epsilon": ofKnown(known.epsilon, channels),
      "known.mask": ofKnown(known.mask, 1),
    },
    finish: (x, { firstIndex }) => paste(x, firstIndex, CLEAN),
    watch: (progress) => ({
      ...progress,
      x: async () =>
        paste(await progress.x(), progress.firstIndex, levels[progress.step + 1] ?? CLEAN),
      x0: async () => paste(await progress.x0(), progress.firstIndex, CLEAN),
    }),
  };
}

const floats = (data: Float32Array, shape: readonly number[]): Tensor => ({
  data,
  shape,
  dtype: "float32",
});

/** Levels `[1, n]` by n times, and the share of x that they replace: none at the first time. */
function levelsByTime(levels: readonly NoiseLevel[], times: readonly number[]) {
  // A time that comes twice has one level.
  const rows = times.flatMap((t, i) =>
    times.findIndex((other) => isSame(other, t)) === i ? i : [],
  );
  const column = (of: (i: number) => number) =>
    floats(Float32Array.from(rows, of), [1, rows.length]);
  return {
    "known.times": column((i) => times[i]),
    "known.signal": column((i) => (i === 0 ? 0 : levels[i].signal)),
    "known.noise": column((i) => (i === 0 ? 0 : levels[i].noise)),
    "known.share": column((i) => (i === 0 ? 0 : 1)),
  };
}
