/*
 * What becomes of latents: previews during a run, then pictures, then the safety checker.
 */
import { refused } from "@gen/math/arguments";
import { type VaeHalf, type VaeUse, vaeHalf } from "../vae/vae-half.ts";
import type { FolderModel } from "./folder-model.ts";
import type { FolderVae } from "./folder-vaes.ts";
import type { RunStep, TextToImageOptions } from "./options.ts";
import { colorMap, previewOf } from "./preview.ts";
import { blackenUnsafe } from "./safety-checker.ts";

/** Latents along a side of a call's tiles. @throws RangeError for a side that is no multiple. */
export function tileOf<T>(
  { factor }: FolderModel<T>,
  { tileSize }: TextToImageOptions,
): number | undefined {
  if (tileSize === undefined || tileSize % factor === 0) return tileSize && tileSize / factor;
  throw refused("tileSize", `a multiple of ${factor} pixels`, tileSize);
}

/** What the end of a call works with. */
interface Finish extends Pick<VaeUse<unknown>, "tile" | "note"> {
  /** `[channels, height, width]` of the latents. */
  readonly shape: readonly number[];
  /** Changes what `onStep` is told. */
  readonly watch?: (progress: RunStep) => RunStep;
}

/** The end of a call's work on latents `[batch, ...shape]`. */
export function finisher<T>(
  model: FolderModel<T>,
  call: TextToImageOptions,
  { shape, tile, note, watch }: Finish,
) {
  const { backend, text } = model;
  const { signal, onStep } = call;
  const halves = new Map<FolderVae, VaeHalf>();
  const map = colorMap(text.name, shape[0]);
  const size = shape.reduce((a, b) => a * b, 1);
  const batchOf = (x: ArrayLike<number>) => [x.length / size, ...shape];

  async function decode(vae: FolderVae, x: ArrayLike<number>) {
    const half = halves.get(vae) ?? vaeHalf({ ...vae, backend, tile, signal, note }, "up");
    halves.set(vae, half);
    const { data, shape } = (await half.run(Float32Array.from(x), batchOf(x))).x;
    // As diffusers' VaeImageProcessor.
    return { images: data.map((value) => Math.min(1, Math.max(-1, value))), shape };
  }

  return {
    /** The step of a run as a call's `onStep` takes it. */
    onStep:
      onStep &&
      ((progress: RunStep) => {
        const step = watch?.(progress) ?? progress;
        return onStep({
          ...step,
          async preview() {
            const x0 = await step.x0();
            return previewOf(x0, batchOf(x0), map);
          },
          decode: async () => decode(model.vaes.preview, await step.x0()),
        });
      }),
    /** The pictures of a run's latents, and which of them the checker made black. */
    async pictures(x: Float32Array) {
      const { images, shape } = await decode(model.vaes.picture, x);
      const { read, options, index } = model;
      if (!call.safetyChecker) {
        if ([index.safety_checker].flat().some((part) => part != null)) {
          note("the folder's safety checker did not look at the pictures");
        }
        return { images, shape };
      }
      const unsafe = await blackenUnsafe(backend, read, options, { data: images, shape });
      const black = unsafe.filter(Boolean).length;
      if (black > 0) note(`the safety checker made ${black} of ${unsafe.length} pictures black`);
      return { images, shape, unsafe };
    },
    async dispose() {
      for (const half of halves.values()) await half.dispose();
    },
  };
}
