import { constant, type Expr, gather, reshape, tensor } from "@gen/graph";

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * A batch's number of samples and the size of one sample.
 *
 * @throws RangeError unless the shape is a list of positive integers.
 */
export function batchSizes(shape: readonly number[]): { batch: number; size: number } {
  if (shape?.length > 0 && shape.every((d) => Number.isInteger(d) && d > 0)) {
    return { batch: shape[0], size: sizeOf(shape.slice(1)) };
  }
  throw new RangeError(
    `shape must be [batch, ...] of positive integers, got ${JSON.stringify(shape)}`,
  );
}

/** Values `[batch]`, or `[1]` for all samples, reshaped to multiply `like` `[batch, ...]`. */
export const perSample = (values: Expr, like: Expr): Expr =>
  reshape(
    values,
    like.shape.map((_, i) => (i === 0 ? values.shape[0] : 1)),
  );

/** A table's values at each sample's t `[batch]`, to multiply `like` `[batch, ...]`. */
export const tableAt = (table: Float64Array, t: Expr, like: Expr): Expr =>
  perSample(gather(constant(tensor(table, [table.length], like.dtype)), t), like);
