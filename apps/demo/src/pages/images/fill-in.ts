import type { Backend } from "@gen/runtime-gpu";
import {
  type AbortSignalLike,
  classifierFree,
  inpaint,
  resampledSteps,
  sampler,
} from "@gen/sampling";
import type { PictureModel } from "./picture-model.ts";
import { SIDE, SIZE } from "./picture-size.ts";
import { unlabeled } from "./settings.ts";

/** A picture with a part to paint anew. */
export interface FillRequest {
  readonly picture: Float32Array;
  /** 1 where the reader painted, `[28, 28]`. */
  readonly painted: Uint8Array;
  readonly label: number;
  readonly guidance: number;
  readonly seed: number;
  /** How many pictures to make. */
  readonly count: number;
}

/** RePaint's table: 20 steps, each stretch of 5 gone through 3 times. */
const repaint = { steps: 20, jump: 5, times: 3, spacing: "trailing" } as const;

/**
 * The model's pictures that agree with a picture where nobody painted, `[count, 28, 28]`. Pixels that
 * nobody painted are the picture's own, to the last bit: the model's differ by rounding, and the
 * latent model's autoencoder changes them.
 */
export async function fillIn(
  backend: Backend,
  { pipeline, encode, decode }: PictureModel,
  { picture, painted, label, guidance, seed, count }: FillRequest,
  events: {
    readonly signal?: AbortSignalLike;
    onStep?(step: number, steps: number, secondsLeft: number): unknown;
  } = {},
): Promise<Float32Array> {
  const { denoiser, scheduler, shape: item } = pipeline;
  const { schedule } = scheduler;
  const shape = [count, ...item];
  const known = await encode(picture);
  const filled = inpaint(denoiser, { shape, known, mask: knownOf(painted, item), schedule });
  const guided =
    label === unlabeled
      ? filled
      : classifierFree(filled, { scale: guidance, unconditional: unlabeled });
  const ready = sampler({ backend, denoiser: guided });
  try {
    const { x } = await ready.sample({
      steps: resampledSteps(schedule, { ...repaint, predicts: denoiser.predicts }),
      shape,
      seed,
      condition: label,
      clip: scheduler.clip ?? false,
      signal: events.signal,
      onStep: ({ step, steps, secondsLeft }) => events.onStep?.(step + 1, steps, secondsLeft),
    });
    const made = await decode(Float32Array.from(x));
    return made.map((v, i) => (painted[i % SIZE] ? v : picture[i % SIZE]));
  } finally {
    await ready.dispose();
  }
}

/** 1 for each number of x whose pixels nobody painted. */
function knownOf(painted: Uint8Array, [channels, height, width]: readonly number[]): Float32Array {
  const block = SIDE / width;
  const isKnown = (at: number) => {
    const [row, column] = [Math.floor(at / width), at % width];
    for (let i = 0; i < block * block; i++) {
      const y = row * block + Math.floor(i / block);
      if (painted[y * SIDE + column * block + (i % block)]) return false;
    }
    return true;
  };
  return Float32Array.from({ length: channels * height * width }, (_, i) =>
    Number(isKnown(i % (height * width))),
  );
}
