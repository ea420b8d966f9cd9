// @ts-check
// Random numbers of a seed, and changes of bytes. Equal seeds give equal inputs.

/**
 * A source of random numbers (mulberry32 by Tommy Ettinger).
 * @param {number} seed
 */
export function randomSource(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  /** A whole number below `end`. @param {number} end */
  const below = (end) => Math.floor((next() / 2 ** 32) * end);
  return {
    below,
    /** Whether an event of this probability happens. @param {number} probability */
    chance: (probability) => next() / 2 ** 32 < probability,
    /** @template T @param {readonly T[]} list @returns {T} */
    pick: (list) => list[below(list.length)],
    /** @param {number} length */
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}

/** @typedef {ReturnType<typeof randomSource>} RandomSource */

/** The largest input, so that most of the time goes to many inputs. */
export const LARGEST_INPUT = 2 ** 16;

const ODD_NUMBERS = [0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536]
  .concat([2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])
  .map((value) => BigInt(value))
  .concat([2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]);

/**
 * A file with 1 to 8 changes.
 * @param {RandomSource} random
 * @param {Uint8Array} file
 * @param {readonly Uint8Array[]} others Files whose parts may be taken.
 * @param {readonly string[]} tokens Words of the format.
 */
export function mutate(random, file, others, tokens) {
  let bytes = file;
  const count = 1 + random.below(random.chance(0.5) ? 2 : 8);
  for (let i = 0; i < count; i++) bytes = change(random, bytes, others, tokens);
  return bytes.subarray(0, LARGEST_INPUT);
}

/** @type {(random: RandomSource, bytes: Uint8Array, others: readonly Uint8Array[], tokens: readonly string[]) => Uint8Array} */
function change(random, bytes, others, tokens) {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(bytes.length - at, random.pick([1, 4, 32, 4096])) + 1);
  const part = bytes.subarray(at, at + length);
  const other = random.pick(others);
  const from = random.below(other.length + 1);
  switch (random.below(10)) {
    case 0:
      return replaced(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.below(8))));
    case 1:
      return replaced(bytes, at, 1, random.bytes(1));
    case 2:
    case 3:
      return oddNumber(random, bytes, at);
    case 4:
      return replaced(bytes, at, length, new Uint8Array(0));
    case 5:
      return replaced(bytes, at, 0, repeated(part, 1 + random.below(random.pick([2, 16, 1024]))));
    case 6:
      return replaced(bytes, at, length, random.bytes(random.below(16)));
    case 7:
      return replaced(bytes, at, length, other.subarray(from, from + random.below(64)));
    case 8:
      return random.chance(0.2) ? bytes.subarray(0, at) : word(random, bytes, tokens, at);
    default:
      return word(random, bytes, tokens, at);
  }
}

/** Puts a word of the format into the bytes, in place of another or between others. */
/** @type {(random: RandomSource, bytes: Uint8Array, tokens: readonly string[], at: number) => Uint8Array} */
function word(random, bytes, tokens, at) {
  const put = Buffer.from(random.pick(tokens), "latin1");
  const old = random.chance(0.5) ? Buffer.from(random.pick(tokens), "latin1") : put;
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(old, at);
  if (found >= 0) return replaced(bytes, found, old.length, put);
  return replaced(bytes, at, random.chance(0.5) ? put.length : 0, put);
}

/** @type {(random: RandomSource, bytes: Uint8Array, at: number) => Uint8Array} */
function oddNumber(random, bytes, at) {
  const size = random.pick([1, 2, 4, 8]);
  const value = BigInt.asUintN(8 * size, random.pick(ODD_NUMBERS));
  const number = Buffer.alloc(8);
  if (random.chance(0.5)) number.writeBigUInt64LE(value);
  else number.writeBigUInt64BE(value << BigInt(64 - 8 * size));
  return replaced(bytes, at, size, number.subarray(0, size));
}

/** @type {(bytes: Uint8Array, at: number, length: number, put: Uint8Array) => Uint8Array} */
const replaced = (bytes, at, length, put) =>
  new Uint8Array(Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)]));

/** @type {(part: Uint8Array, times: number) => Uint8Array} */
const repeated = (part, times) =>
  Buffer.concat(
    new Array(Math.min(times, Math.ceil(LARGEST_INPUT / (part.length || 1)))).fill(part),
  );
