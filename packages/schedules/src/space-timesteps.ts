import { ArgumentError, checkArguments, rules, shown } from "@gen/math/arguments";
import { roundHalfEven } from "./round-half-even.ts";

/**
 * The steps of a respacing as guided-diffusion writes them, 0-based, in ascending order.
 *
 * `"ddimN"` takes N steps at a whole stride; `"a,b,c"` or `[a, b, c]` cuts the training steps into
 * equal sections and takes so many from each, its ends included.
 *
 * @param length The number of training steps.
 * @param sections The respacing, such as `"ddim50"`, `"10,20"` or `[10, 20]`.
 * @throws RangeError when length is no positive integer, no whole stride gives N steps, a section
 * holds fewer steps than asked, or no step is taken.
 */
export function spaceTimesteps(length: number, sections: string | readonly number[]): number[] {
  checkArguments(
    { length, sections },
    {
      length: rules.COUNT,
      sections: rules.either(rules.TEXT, rules.listOf(rules.either(rules.NUMBER, rules.TEXT))),
    },
  );
  if (typeof sections === "string" && sections.startsWith("ddim")) {
    const count = Number(sections.slice(4));
    for (let stride = 1; stride < length; stride++) {
      if (Math.ceil(length / stride) === count) {
        return Array.from({ length: count }, (_, i) => i * stride);
      }
    }
    throw new ArgumentError(
      `sections must be ddimN with a whole stride over ${length}, got ${sections}`,
    );
  }
  const parts = typeof sections === "string" ? sections.split(",") : sections;
  // The empty text is no number, though Number takes it for 0.
  const counts = parts.map((part) => (/^\s*\d+\s*$/.test(`${part}`) ? Number(part) : Number.NaN));
  const taken = new Set<number>();
  let start = 0;
  counts.forEach((count, i) => {
    const size = Math.floor(length / counts.length) + (i < length % counts.length ? 1 : 0);
    if (!(Number.isInteger(count) && count >= 0 && count <= size)) {
      throw new ArgumentError(
        `section ${i} must be an integer in 0..${size}, got ${shown(parts[i])}`,
      );
    }
    // Added up rather than multiplied: its rounding decides the halves, as in the original.
    const stride = count <= 1 ? 1 : (size - 1) / (count - 1);
    let place = 0;
    for (let k = 0; k < count; k++) {
      taken.add(start + roundHalfEven(place));
      place += stride;
    }
    start += size;
  });
  if (taken.size === 0) {
    throw new ArgumentError(`sections must take at least one step, got ${shown(sections)}`);
  }
  return [...taken].sort((a, b) => a - b);
}
