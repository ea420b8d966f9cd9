import { integer } from "./integer.ts";

/** The key of a stream of random numbers: equal keys give equal numbers. */
export interface StreamKey {
  /** An integer in [0, 2^53); 0 is a seed like any other. */
  readonly seed: number;
  /** A short name of the numbers' use, such as "noise". @defaultValue "" */
  readonly purpose?: string;
  /** An integer in [0, 2^32), such as a sample's number in the whole run. @defaultValue 0 */
  readonly index?: number;
  /** An integer in [0, 2^32), such as a step of the loop. @defaultValue 0 */
  readonly step?: number;
}

/** The words that, with a block number, are Philox's counter and key. */
export type StreamWords = readonly [
  index: number,
  step: number,
  purpose: number,
  key0: number,
  key1: number,
];

/** Counter `[block, index, step, hash of the purpose]`, key `[low, high word of the seed]`. */
export function streamWords({ seed, purpose = "", index = 0, step = 0 }: StreamKey): StreamWords {
  integer("seed", seed, 2 ** 53);
  return [
    integer("index", index, 2 ** 32),
    integer("step", step, 2 ** 32),
    hash(purpose),
    seed >>> 0,
    Math.floor(seed / 2 ** 32),
  ];
}

// FNV-1a, 32 bits, over UTF-16 code units.
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value >>> 0;
}
