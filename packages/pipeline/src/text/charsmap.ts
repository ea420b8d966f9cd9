/**
 * The normalization that a sentencepiece model carries with it: a double array of prefixes, and the
 * texts that replace them.
 *
 *   charsmapNormalizer(base64)("ﬁre") === "fire"
 *
 * The rules are those of Hugging Face's `spm_precompiled`, which the fast tokenizers use: a grapheme
 * of fewer than 6 bytes is replaced as a whole by the entry of its shortest known prefix, and other
 * graphemes code point by code point.
 */
import { GenError } from "@gen/math";
import { utf8, utf8Text } from "../utf8.ts";

const LABEL = 0x800000ff;

/**
 * The function that a charsmap in base64 describes.
 *
 * @throws GenError `invalid-model` when the bytes are no charsmap.
 */
export function charsmapNormalizer(base64: string): (text: string) => string {
  const bytes = bytesOf(base64);
  const size = bytes.length < 4 ? Number.NaN : new DataView(bytes.buffer).getUint32(0, true);
  if (!(size % 4 === 0 && size > 0 && 4 + size <= bytes.length)) {
    throw new GenError("invalid-model", "precompiled_charsmap is no charsmap of sentencepiece");
  }
  const view = new DataView(bytes.buffer, 4, size);
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 * i, true));
  const texts = bytes.subarray(4 + size);

  /** The text that replaces what begins with a known prefix. */
  const replacement = (part: string): string | undefined => {
    const at = firstValue(units, utf8(part));
    if (at === undefined) return undefined;
    const end = texts.indexOf(0, at);
    return utf8Text(texts.subarray(at, end < 0 ? texts.length : end));
  };
  const known = new Map<string, string>();
  const ofCodePoint = (point: string) => {
    let text = known.get(point);
    if (text === undefined) {
      text = replacement(point) ?? point;
      known.set(point, text);
    }
    return text;
  };
  const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
  return (text) => {
    let out = "";
    for (const { segment } of segmenter.segment(text)) {
      // No grapheme of 6 UTF-16 units or more has fewer than 6 bytes.
      const whole =
        segment.length < 6 && utf8(segment).length < 6 ? replacement(segment) : undefined;
      if (whole === undefined) for (const point of segment) out += ofCodePoint(point);
      else out += whole;
    }
    return out;
  };
}

/** The value of the shortest prefix in a double array of Darts-clone. */
function firstValue(units: Uint32Array, key: Uint8Array): number | undefined {
  let at = offsetOf(units[0]);
  for (const byte of key) {
    at ^= byte;
    const unit = at < units.length ? units[at] : 0;
    if (byte === 0 || (unit & LABEL) >>> 0 !== byte) return undefined;
    at ^= offsetOf(unit);
    if (unit & 0x100) return at < units.length ? units[at] & 0x7fffffff : undefined;
  }
  return undefined;
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    const { atob } = globalThis as unknown as { atob(text: string): string };
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch (cause) {
    throw new GenError("invalid-model", "precompiled_charsmap is no base64", { cause });
  }
}
