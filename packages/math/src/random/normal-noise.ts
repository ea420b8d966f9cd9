import { boxMuller } from "./fill-normal.ts";
import { integer } from "./integer.ts";
import { philoxPair } from "./philox.ts";
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
 * @param options Which rows, and their key.
 * @throws RangeError when a key is outside its range or neither `indices` nor `batch` is given.
 */
export function normalNoise(options: NormalNoiseOptions): Float32Array {
  const { seed, purpose = "noise", indices, step = 0, size } = options;
  const batch = indices ? indices.length : integer("batch", options.batch ?? -1, 2 ** 32);
  integer("size", size, 2 ** 34);
  const out = new Float32Array(batch * size);
  const [, , hash, key0, key1] = streamWords({ seed, purpose, step });
  const indexOf = (row: number) =>
    indices && row < batch ? integer("index", indices[row], 2 ** 32) : row;
  const words = new Uint32Array(Math.min(8 * Math.ceil((batch * Math.ceil(size / 4)) / 2), 1024));
  const normals = new Float64Array(words.length);
  // Rows are whole blocks of four words, and short rows share a portion of words.
  let row = 0;
  let block = 0;
  let at = 0;
  let end = size;
  const advance = () => {
    block++;
    if (4 * block < size) return;
    block = 0;
    row++;
  };
  while (at < out.length) {
    for (let i = 0; i < words.length; i += 8) {
      const first = block;
      const index = indexOf(row);
      advance();
      philoxPair(words, i, first, index, block, indexOf(row), step, hash, key0, key1);
      advance();
    }
    boxMuller(normals, words);
    for (let i = 0; i < words.length && at < out.length; i += -i & 3) {
      const last = Math.min(at + words.length - i, end);
      while (at < last) out[at++] = normals[i++];
      if (at === end) end += size;
    }
  }
  return out;
}
