import { ArgumentError, refused, shown } from "@gen/math/arguments";

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * A batch's number of samples and the size of one sample.
 *
 * @throws RangeError unless the shape is a list of positive integers.
 */
export function batchSizes(shape: readonly number[]): { batch: number; size: number } {
  if (
    Array.isArray(shape) &&
    shape.length > 0 &&
    shape.every((d) => Number.isInteger(d) && d > 0)
  ) {
    return { batch: shape[0], size: sizeOf(shape.slice(1)) };
  }
  throw refused("shape", "[batch, ...] of positive integers", shape);
}

/** The index of the first value that is NaN, infinite or no number; -1 if there is none. */
export function notFiniteAt(values: ArrayLike<unknown>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/**
 * The values, which are finite numbers.
 *
 * @throws RangeError when a value is NaN, infinite or no number.
 */
export function requireFinite<V extends ArrayLike<number>>(name: string, values: V): V {
  const bad = notFiniteAt(values);
  if (bad < 0) return values;
  throw new ArgumentError(
    `${name} must hold finite numbers, got ${shown(values[bad])} at index ${bad}`,
  );
}
