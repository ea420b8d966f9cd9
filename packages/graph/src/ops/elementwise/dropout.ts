import { type Expr, expr, requireFloat } from "../../expr/expr.ts";

/**
 * Marks where training drops elements at random (Srivastava et al. 2014, section 4): each becomes 0
 * with probability `rate`, the others are divided by `1 - rate`, which keeps the expected value.
 *
 * It is the identity in every graph, gradients included, and no graph holds it; a loop that trains
 * puts fresh masks in its place before it makes the graph of a step.
 * @throws RangeError when `rate` is not in [0, 1).
 */
export function dropout(x: Expr, rate: number): Expr {
  requireFloat("Dropout", x);
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`rate must be in [0, 1), got ${rate}`);
  return rate === 0 ? x : expr("Dropout", [x], x.shape, { rate });
}
