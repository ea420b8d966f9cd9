import { fillNormal, normalScratch } from "./fill-normal.ts";
import { integer } from "./integer.ts";
import { type StreamKey, streamWords } from "./stream-key.ts";

/** Which rows of noise to draw. */
export interface NormalNoiseOptions extends Pick<StreamKey, "seed" | "step"> {
  /** The noise's use; different purposes give different noise. @defaultValue "noise" */
  readonly purpose?: string;
  /** The samples' numbers in the whole run, one per row. @defaultValue 0..batch-1 */
  readonly indices?: ArrayLike<number>;
  /** Rows; needed without `indices`. */
  readonly batch?: number;
  /** Numbers per row. */
  readonly size: number;
}

/**
 * Standard normal noise `[batch, size]`, each row keyed by (seed, purpose, sample index, step).
 *
 * Row `i` equals `randomStream({ seed, purpose, index: indices[i], step }).normal(size)` in
 * float32, so a batch may be split, reordered or resumed without changing any sample.
 *
 * @throws RangeError when a key is outside its range or neither `indices` nor `batch` is given.
 */
export function normalNoise(options: NormalNoiseOptions): Float32Array {
  const { seed, purpose = "noise", indices, step = 0, size } = options;
  const batch = indices ? indices.length : integer("batch", options.batch ?? -1, 2 ** 32);
  integer("size", size, 2 ** 34);
  const out = new Float32Array(batch * size);
  const scratch = normalScratch(size);
  const [, , hash, key0, key1] = streamWords({ seed, purpose, step });
  for (let row = 0; row < batch; row++) {
    const index = indices ? integer("index", indices[row], 2 ** 32) : row;
    const start = row * size;
    fillNormal(out, start, start + size, [index, step, hash, key0, key1], 0, scratch);
  }
  return out;
}
