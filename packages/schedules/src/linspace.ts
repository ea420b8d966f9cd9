import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
import { MAX_TRAIN_TIMESTEPS } from "./limits.ts";

/**
 * numpy's `linspace(start, stop, count)`, which counts from the start.
 *
 * @param start The first number.
 * @param stop The last number, unless count is 1.
 * @param count How many numbers.
 * @throws RangeError when the ends are not finite or count is no positive integer.
 */
export function numpyLinspace(start: number, stop: number, count: number): number[] {
  checkArguments(
    { start, stop, count },
    { start: rules.FINITE, stop: rules.FINITE, count: rules.COUNT },
  );
  if (count === 1) return [start];
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
}

/** `steps` equally spaced numbers from start to end, counted from the nearer end as torch does. */
export function linspace(start: number, end: number, steps: number): Float64Array {
  const gap = (end - start) / (steps - 1);
  const out = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    out[i] = i < steps / 2 ? start + gap * i : end - gap * (steps - 1 - i);
  }
  if (steps === 1) out[0] = start;
  return out;
}

/** A count of steps, or an error that says what is allowed. */
export function stepCount(steps: number): number {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new ArgumentError(`steps must be a positive integer, got ${steps}`);
  }
  if (steps <= MAX_TRAIN_TIMESTEPS) return steps;
  throw new ArgumentError(`steps must be at most ${MAX_TRAIN_TIMESTEPS}, got ${steps}`);
}
