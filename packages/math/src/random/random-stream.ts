import type { FloatArray } from "../noise-level.ts";
import { fillNormal, normalScratch } from "./fill-normal.ts";
import { integer } from "./integer.ts";
import { philox4x32, philoxFill } from "./philox.ts";
import { type StreamKey, type StreamWords, streamWords } from "./stream-key.ts";

/** The state of a stream as plain numbers for JSON. */
export interface StreamState {
  /** The key of the stream. */
  readonly words: StreamWords;
  /** How many words were drawn. */
  readonly position: number;
  /** Whether normal numbers were drawn last. Undefined before the first draw. */
  readonly normal?: boolean | undefined;
}

/**
 * A stream of random numbers from Philox4x32-10.
 *
 * `position` counts words. Every number takes one word, except integers, which may reject some.
 * Number `k` depends only on the key and `k`, not on how the draws before it were grouped. Two
 * normal numbers share a pair of words, so a change between normal and other numbers in the middle
 * of a pair skips one word: all numbers of a stream are independent.
 */
export class RandomStream {
  readonly #words: StreamWords;
  #position = 0;
  #normal: boolean | undefined;

  /** @internal Use {@link randomStream}. */
  constructor(words: StreamWords, position: number, normal?: boolean) {
    this.#words = words;
    this.#position = integer("position", position, 2 ** 34);
    this.#normal = normal;
  }

  /** The number of words drawn so far. */
  get position(): number {
    return this.#position;
  }

  /** Skips `count` words (goes back if negative) in constant time; returns this stream. */
  jump(count: number): this {
    this.#position = integer("position", this.#position + count, 2 ** 34);
    return this;
  }

  /** The next `count` words, unsigned 32-bit integers. */
  words(count: number): Uint32Array {
    return this.#wordsAt(this.#take(count, false), count);
  }

  /** `count` standard normal numbers in float64, or as many as `out` holds. */
  normal(count: number): Float64Array;
  normal<T extends FloatArray>(out: T): T;
  normal(target: number | FloatArray): FloatArray {
    const out = allocate(target);
    const start = this.#take(out.length, true);
    fillNormal(out, 0, out.length, this.#words, start, normalScratch(out.length));
    return out;
  }

  /**
   * Uniform numbers in (0, 1), never 0 or 1: `(word + 1/2) / 2^32`, or `(bits + 1/2) / 2^23` from
   * a word's upper 23 bits if `out` is float32.
   */
  uniform(count: number): Float64Array;
  uniform<T extends FloatArray>(out: T): T;
  uniform(target: number | FloatArray): FloatArray {
    const out = allocate(target);
    const words = this.words(out.length);
    const shift = out instanceof Float32Array ? 9 : 0;
    const scale = 2 ** (shift - 32);
    for (let i = 0; i < out.length; i++) out[i] = ((words[i] >>> shift) + 0.5) * scale;
    return out;
  }

  /** `count` integers in 0..below-1, each equally likely; `below` at most 2^32. */
  integers(count: number, below: number): Uint32Array {
    integer("below - 1", below - 1, 2 ** 32);
    const next = this.#bounded(count);
    return new Uint32Array(count).map(() => next(below));
  }

  /** The integers 0..count-1 in a random order (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const next = this.#bounded(count);
    const out = new Uint32Array(count).map((_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = next(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }

  /**
   * An independent stream for each integer in [0, 2^32). It does not depend on the draws from this
   * stream.
   */
  split(child: number): RandomStream {
    const [index, step, purpose, key0, key1] = this.#words;
    // A plain seed's high word is below 2^21, so its complement is the key of no plain stream.
    const counter = [integer("child", child, 2 ** 32), index, step, purpose];
    const [low, high] = philox4x32(counter, [~key0, ~key1]);
    return new RandomStream([index, step, purpose, low, high], 0);
  }

  /** The state from which {@link randomStream} continues. */
  toJSON(): StreamState {
    return { words: this.#words, position: this.#position, normal: this.#normal };
  }

  // The position of the next `count` numbers. A change of kind in the middle of a pair skips a word.
  #take(count: number, normal: boolean): number {
    let start = this.#position;
    if (count !== 0) {
      if (this.#normal === !normal) start += start % 2;
      this.jump(start - this.#position + count).#normal = normal;
    }
    return start;
  }

  #wordsAt(start: number, count: number): Uint32Array {
    const skip = start % 4;
    const out = new Uint32Array(Math.ceil((skip + count) / 8) * 8);
    philoxFill(out, (start - skip) / 4, ...this.#words);
    return out.subarray(skip, skip + count);
  }

  // Draws without bias (Lemire 2019). It reads words in portions and counts each when it uses it.
  #bounded(expected: number): (below: number) => number {
    let buffer: ArrayLike<number> = [];
    let used = 0;
    return (below) => {
      const reject = (2 ** 32 - below) % below;
      for (;;) {
        const start = this.#take(1, false);
        if (used === buffer.length) {
          buffer = this.#wordsAt(start, Math.min(Math.max(expected, 8), 1024));
          used = 0;
        }
        const word = buffer[used++];
        if (Math.imul(word, below) >>> 0 >= reject) return scaled(word, below);
      }
    };
  }
}

/**
 * The stream of a key or of a saved state.
 *
 * Philox's key is the seed, low word first. Its counter is `[block, index, step, hash of the
 * purpose]` with the FNV-1a hash over UTF-16 code units.
 *
 * @param from A key, or a state that `toJSON` gave.
 * @throws RangeError when seed, index, step or position is outside its range.
 */
export function randomStream(from: StreamKey | StreamState): RandomStream {
  return "seed" in from
    ? new RandomStream(streamWords(from), 0)
    : new RandomStream(from.words, from.position, from.normal);
}

function allocate(target: number | FloatArray): FloatArray {
  return typeof target === "number" ? new Float64Array(integer("count", target, 2 ** 34)) : target;
}

// floor(word * below / 2^32), exactly: the low word first makes the quotient whole.
function scaled(word: number, below: number): number {
  if (below === 2 ** 32) return word;
  return Math.round((word * below - (Math.imul(word, below) >>> 0)) / 2 ** 32);
}
