import type { FloatArray } from "../noise-level.ts";
import { philoxFill } from "./philox.ts";
import type { StreamWords } from "./stream-key.ts";

const CHUNK = 1024;

/** Working memory of {@link fillNormal} for up to `length` numbers at once. */
export function normalScratch(length: number): { words: Uint32Array; normals: Float64Array } {
  const size = Math.min(Math.ceil((length + 3) / 8) * 8, CHUNK);
  return { words: new Uint32Array(size), normals: new Float64Array(size) };
}

/** Writes normal numbers `position`, `position + 1`, ... of a stream to `out[start, end)`. */
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

// 2^(zeros - 31) brings a word with that many leading zeros into [1, 2).
const SCALES = /* @__PURE__ */ Float64Array.from({ length: 33 }, (_, zeros) => 2 ** (zeros - 31));

/**
 * Standard normal numbers from random words, pair by pair (Box and Muller 1958).
 *
 * Words `a`, `b` give `r cos(angle)` and `r sin(angle)` with `r = sqrt(-2 log((a + 1/2) / 2^32))`
 * and `angle = 2 pi b / 2^32`. Logarithm, sine and cosine are Taylor polynomials, within 1e-12 of
 * the exact value: the built-in functions of JavaScript engines differ from each other.
 */
export function boxMuller(out: Float64Array, words: Uint32Array): void {
  for (let i = 0; i < words.length; i += 2) {
    const a = words[i];
    const zeros = Math.clz32(a);
    const m = (a + 0.5) * SCALES[zeros];
    const t = (m - Math.SQRT2) / (m + Math.SQRT2);
    const s = t * t;
    const s2 = s * s;
    const s4 = s2 * s2;
    const log =
      t *
        (2 +
          s * (2 / 3) +
          s2 * (2 / 5 + s * (2 / 7)) +
          s4 * (2 / 9 + s * (2 / 11) + s2 * (2 / 13 + s * (2 / 15) + s2 * (2 / 17)))) -
      (zeros + 0.5) * Math.LN2;
    const r = Math.sqrt(-2 * log);

    // The angle folded into [-pi/2, pi/2]: the sine stays, the cosine changes sign.
    const b = words[i + 1] | 0;
    const fold = (b ^ (b << 1)) >> 31;
    const x = (((b ^ fold) + (fold & 0x80000001)) | 0) * (Math.PI * 2 ** -31);
    const y = x * x;
    const y2 = y * y;
    const y4 = y2 * y2;
    const cos =
      1 -
      y * (1 / 2) +
      y2 * (1 / 24 - y * (1 / 720)) +
      y4 *
        (1 / 40320 -
          y * (1 / 3628800) +
          y2 *
            (1 / 479001600 -
              y * (1 / 87178291200) +
              y2 * (1 / 20922789888000 - y * (1 / 6402373705728000))));
    const sin =
      1 -
      y * (1 / 6) +
      y2 * (1 / 120 - y * (1 / 5040)) +
      y4 *
        (1 / 362880 -
          y * (1 / 39916800) +
          y2 * (1 / 6227020800 - y * (1 / 1307674368000) + y2 * (1 / 355687428096000)));
    out[i] = r * (1 + 2 * fold) * cos;
    out[i + 1] = r * x * sin;
  }
}
