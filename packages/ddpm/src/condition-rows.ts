import { type Tensor, tensorData } from "@gen/graph";
import type { BatchInput } from "@gen/nn";

/**
 * A condition's values of some items, `[items, ...]`; `none`, one item's values or a number for all
 * of them, in place of those items that are dropped.
 *
 * @throws RangeError when `none` has another size than one item.
 */
export function conditionRows(
  { data, shape, dtype }: Tensor,
  items: ArrayLike<number>,
  none: number | Tensor | undefined,
  isDropped: (i: number) => boolean,
): BatchInput {
  const size = data.length / shape[0];
  const empty = none === undefined ? undefined : emptyRow(none, size, dtype);
  const rows = tensorData(new Float64Array(items.length * size), dtype);
  for (let i = 0; i < items.length; i++) {
    const own = data.subarray(items[i] * size, (items[i] + 1) * size);
    // Both are of the condition's dtype, which the type of a tensor does not tell.
    (rows as Float32Array).set(((isDropped(i) && empty) || own) as Float32Array, i * size);
  }
  return { data: rows, shape: [items.length, ...shape.slice(1)], dtype };
}

function emptyRow(none: number | Tensor, size: number, dtype: Tensor["dtype"]) {
  if (typeof none === "number") return tensorData(new Float64Array(size).fill(none), dtype);
  if (none.data.length === size) return tensorData(none.data, dtype);
  throw new RangeError(
    `unconditional must hold ${size} numbers, as one item's condition, got ${none.data.length}`,
  );
}
