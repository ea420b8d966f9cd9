import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";

/**
 * Interpolates two codes on the great circle through them: `(sin((1 - w) theta) a + sin(w theta) b)
 * / sin(theta)` with theta the angle between a and b (Shoemake 1985; Song et al. 2021, section
 * 5.3). Unlike a straight line it keeps the length of noise.
 *
 * a and b are `[rows, ...]`; each row has its own angle. Rows on one line through the origin are
 * interpolated linearly.
 *
 * @param a A code, `[rows, ...]`.
 * @param b Another code, `[rows, ...]`.
 * @param weight 0 gives a, 1 gives b.
 * @param rows How many rows, each with its own angle.
 * @throws RangeError when a and b differ in length or do not have `rows` equal rows.
 */
export function sphericalInterpolation(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  weight: number,
  rows = 1,
): Float64Array {
  checkArguments(
    { a, b, weight, rows },
    { a: rules.NUMBERS, b: rules.NUMBERS, weight: rules.FINITE, rows: rules.COUNT },
  );
  const size = sameLength(a, b) / rows;
  if (!Number.isInteger(size)) {
    throw new ArgumentError(`a must have ${rows} equal rows, got ${a.length} numbers`);
  }
  const out = new Float64Array(a.length);
  for (let row = 0; row < rows; row++) {
    const from = row * size;
    let [aa, bb, ab] = [0, 0, 0];
    for (let i = from; i < from + size; i++) {
      aa += a[i] * a[i];
      bb += b[i] * b[i];
      ab += a[i] * b[i];
    }
    const theta = Math.acos(Math.min(Math.max(ab / Math.sqrt(aa * bb), -1), 1));
    const sine = Math.sin(theta);
    const straight = !(sine > 1e-7);
    const left = straight ? 1 - weight : Math.sin((1 - weight) * theta) / sine;
    const right = straight ? weight : Math.sin(weight * theta) / sine;
    for (let i = from; i < from + size; i++) out[i] = left * a[i] + right * b[i];
  }
  return out;
}

/**
 * Interpolates two codes on a straight line: `(1 - w) a + w b`.
 *
 * @param a A code.
 * @param b Another code, as long as a.
 * @param weight 0 gives a, 1 gives b.
 * @throws RangeError when a and b differ in length.
 */
export function linearInterpolation(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  weight: number,
): Float64Array {
  checkArguments({ a, b, weight }, { a: rules.NUMBERS, b: rules.NUMBERS, weight: rules.FINITE });
  sameLength(a, b);
  return Float64Array.from(a, (v, i) => (1 - weight) * v + weight * b[i]);
}

function sameLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length === b.length) return a.length;
  throw new ArgumentError(`b must have as many numbers as a, ${a.length}, got ${b.length}`);
}
