import type { FloatArray } from "../noise-level.ts";
import { boxMuller } from "./box-muller.ts";
import { philoxFill } from "./philox.ts";
import type { StreamWords } from "./stream-key.ts";

const CHUNK = 1024;

/** Working memory of {@link fillNormal} for up to `length` numbers at once. */
export function normalScratch(length: number): { words: Uint32Array; normals: Float64Array } {
  const size = Math.min(Math.ceil((length + 3) / 8) * 8, CHUNK);
  return { words: new Uint32Array(size), normals: new Float64Array(size) };
}

/** Normal numbers `position`, `position + 1`, ... of a stream into `out[start, end)`. */
export function fillNormal(
  out: FloatArray,
  start: number,
  end: number,
  stream: StreamWords,
  position: number,
  { words, normals }: { words: Uint32Array; normals: Float64Array },
): void {
  const [index, step, purpose, key0, key1] = stream;
  let block = Math.floor(position / 4);
  let skip = position - 4 * block;
  while (start < end) {
    philoxFill(words, block, index, step, purpose, key0, key1);
    boxMuller(normals, words);
    const count = Math.min(normals.length - skip, end - start);
    out.set(count === normals.length ? normals : normals.subarray(skip, skip + count), start);
    start += count;
    block += words.length / 4;
    skip = 0;
  }
}
