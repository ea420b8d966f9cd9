import { constant, type Expr, gather, reshape, tensor } from "@gen/graph";

/** Values `[batch]`, or `[1]` for all samples, shaped to multiply `like` `[batch, ...]`. */
export const perSample = (values: Expr, like: Expr): Expr =>
  reshape(
    values,
    like.shape.map((_, i) => (i === 0 ? values.shape[0] : 1)),
  );

/** A table's values at each sample's step t `[batch]`, shaped to multiply `like` `[batch, ...]`. */
export function tableAt(table: Float64Array, t: Expr, like: Expr): Expr {
  const dtype = like.dtype === "float64" ? "float64" : "float32";
  return perSample(gather(constant(tensor(table, [table.length], dtype)), t), like);
}
