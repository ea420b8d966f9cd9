/**
 * Time steps of a batch: one for all of `length` numbers, or one for each of `t.length` equal rows.
 *
 * @throws RangeError when the rows are not equal or a step is outside 0..steps-1.
 */
export function rowsOf(length: number, t: number | ArrayLike<number>, steps: number) {
  const times = typeof t === "number" ? [t] : Array.from(t);
  const size = length / times.length;
  if (!Number.isInteger(size)) {
    throw new RangeError(`x must have ${times.length} equal rows, got ${length} numbers`);
  }
  for (const one of times) {
    if (!(Number.isInteger(one) && one >= 0 && one < steps)) {
      throw new RangeError(`t must be an integer in 0..${steps - 1}, got ${one}`);
    }
  }
  return { times, at: (i: number) => times[Math.floor(i / size)] };
}

/** @throws RangeError unless `b` has as many numbers as `a`. */
export function sameLength(name: string, b: ArrayLike<number>, a: ArrayLike<number>): void {
  if (a.length === b.length) return;
  throw new RangeError(`${name} must have as many numbers as x, ${a.length}, got ${b.length}`);
}
