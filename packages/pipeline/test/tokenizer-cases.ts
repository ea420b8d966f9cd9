import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const folder = join(import.meta.dirname, "reference/tokenizers");

/** Reads a file of the tokenizers' folder, or its compressed form. */
export const readReference = async (path: string): Promise<Uint8Array | undefined> => {
  // Both tokenizers of CLIP have one vocabulary.
  for (const name of [path, path.replace(/^clip-2\/(vocab|merges)/, "clip/$1")]) {
    for (const [suffix, open] of [
      ["", (bytes: Uint8Array) => bytes],
      [".gz", gunzipSync],
    ] as const) {
      try {
        return new Uint8Array(open(readFileSync(join(folder, name + suffix))));
      } catch {}
    }
  }
  return undefined;
};

export const readJson = async (path: string) =>
  JSON.parse(Buffer.from((await readReference(path)) as Uint8Array).toString());

/** Integers below n, by mulberry32. */
function generator(seed: number) {
  return (n: number) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** The 10,000 prompts of tooling/reference/tokenizer-ids.py. */
export async function promptCases(): Promise<string[]> {
  const pieces = await readJson("pieces.json");
  const kinds = [
    ..."words words words words words words punctuation punctuation".split(" "),
    ..."emoji spaces special ranges ranges ranges".split(" "),
  ];
  const below = generator(15);
  return Array.from({ length: 10_000 }, (_, i) => {
    const length = i % 200 === 199 ? 400 : below(30);
    let text = "";
    for (let k = 0; k < length; k++) {
      const kind = kinds[below(kinds.length)];
      let piece = pieces[kind][below(pieces[kind].length)];
      if (kind === "ranges") {
        const [low, high] = piece;
        piece = "";
        for (let n = 1 + below(4); n > 0; n--) {
          piece += String.fromCodePoint(low + below(high - low + 1));
        }
      }
      text += piece + pieces.joins[below(pieces.joins.length)];
    }
    return text;
  });
}
