import { type Expr, gather } from "@gen/graph";
import { type Initializer, initializedParameter, normalWeights } from "./initializers.ts";

/**
 * A table of learned vectors: int64 or int32 indices `[...]` in `[0, count)` to `[..., features]`.
 * The table is `NAME.weight` `[count, features]`, standard normal at first.
 */
export function embedding(
  name: string,
  count: number,
  features: number,
  { seed = 0, weight = normalWeights(1) }: { seed?: number; weight?: Initializer } = {},
): (indices: Expr) => Expr {
  const table = initializedParameter(`${name}.weight`, [count, features], weight, seed);
  return (indices) => gather(table, indices);
}
