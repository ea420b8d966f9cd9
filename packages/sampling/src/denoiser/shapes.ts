import {
  add,
  cast,
  constant,
  type Expr,
  floor,
  gather,
  isFloat,
  reshape,
  tensor,
} from "@gen/graph";
import { ArgumentError, checkArguments, refused, rules, shown } from "@gen/math/arguments";

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

/** Values `[batch]`, or `[1]` for all samples, reshaped to multiply `like` `[batch, ...]`. */
export const perSample = (values: Expr, like: Expr): Expr =>
  reshape(
    values,
    like.shape.map((_, i) => (i === 0 ? values.shape[0] : 1)),
  );

/** The nearest whole time steps of t, int64. */
export function wholeTime(t: Expr): Expr {
  checkArguments({ t }, { t: rules.EXPRESSION });
  return isFloat(t.dtype) ? cast(floor(add(t, 0.5)), "int64") : t;
}

/** A table's values at each sample's nearest t `[batch]`, to multiply `like` `[batch, ...]`. */
export function tableAt(table: Float64Array, t: Expr, like: Expr): Expr {
  checkArguments(
    { table, t, like },
    { table: rules.NUMBERS, t: rules.EXPRESSION, like: rules.EXPRESSION },
  );
  return perSample(gather(constant(tensor(table, [table.length], like.dtype)), wholeTime(t)), like);
}
