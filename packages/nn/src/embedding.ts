import { type Expr, gather } from "@gen/graph";
import { type Initialiser, initialised, normalWeights } from "./initialisers.ts";

/**
 * A table of learned vectors: int64 or int32 indices `[...]` in `[0, count)` to `[..., features]`.
 * The table is `NAME.weight` `[count, features]`, standard normal at first.
 */
export function embedding(
  name: string,
  count: number,
  features: number,
  { seed = 0, weight = normalWeights(1) }: { seed?: number; weight?: Initialiser } = {},
): (indices: Expr) => Expr {
  const table = initialised(`${name}.weight`, [count, features], weight, seed);
  return (indices) => gather(table, indices);
}
