/*
 * Inpainting by a network that knows no mask, as diffusers 0.39 pastes: before each step but the
 * first, and at the end, x is the image's own latents outside the mask, at the noise level there and
 * with the first noise.
 *
 *   x = mask x + (1 - mask) (signal latents + noise epsilon)
 *
 * The paste is in the network's graph, so that x stays on the device: the levels are looked up by the
 * time step.
 */
import { add, cast, type Expr, equal, mul, reshape, sub, sum, type Tensor } from "@gen/graph";
import type { FloatArray, NoiseLevel } from "@gen/math";
import type { Denoiser } from "@gen/sampling";
import type { Start } from "./make-pictures.ts";
import type { Part } from "./part-of-steps.ts";

/** What is known of `rows` pictures, row-major; the mask has one channel. */
interface Known {
  readonly latents: Float32Array;
  readonly epsilon: Float32Array;
  readonly mask: Float32Array;
  readonly rows: number;
}

const CLEAN: NoiseLevel = { signal: 1, noise: 0 };

/** What a start needs so that known latents of shape `[channels, height, width]` are pasted. */
export function pasted(
  denoiser: Denoiser,
  latent: readonly number[],
  { levels, times }: Pick<Part, "levels" | "times">,
  known: Known,
): Required<Pick<Start, "denoiser" | "condition" | "finish" | "watch">> {
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
    denoiser: pastedDenoiser(denoiser),
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
  const rows = [...new Map(times.map((t, i) => [t, i] as const))];
  const column = (of: (t: number, i: number) => number) =>
    floats(
      Float32Array.from(rows, ([t, i]) => of(t, i)),
      [1, rows.length],
    );
  const unlessFirst = (of: (i: number) => number) => column((t, i) => (t === times[0] ? 0 : of(i)));
  return {
    "known.times": column((t) => t),
    "known.signal": unlessFirst((i) => levels[i].signal),
    "known.noise": unlessFirst((i) => levels[i].noise),
    "known.share": unlessFirst(() => 1),
  };
}

/** A denoiser that sees x with the known latents pasted; its conditions are those of `pasted` too. */
function pastedDenoiser(denoiser: Denoiser): Denoiser {
  return {
    ...denoiser,
    apply(x, t, condition = {}) {
      const known = (name: string): Expr => condition[`known.${name}`];
      const rows = x.shape[0];
      const isNow = cast(equal(reshape(cast(t, "float32"), [rows, 1]), known("times")), "float32");
      const now = (name: string) => reshape(sum(mul(isNow, known(name)), [1]), [rows, 1, 1, 1]);
      const there = add(mul(now("signal"), known("latents")), mul(now("noise"), known("epsilon")));
      const change = mul(sub(1, known("mask")), sub(there, mul(now("share"), x)));
      const others = Object.entries(condition).filter(([name]) => !name.startsWith("known."));
      return denoiser.apply(add(x, change), t, Object.fromEntries(others));
    },
  };
}
