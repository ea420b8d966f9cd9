import type { Expr } from "./expr.ts";
import { tensorNumbers } from "./tensor.ts";

/** The number that a constant of shape `[]` holds; undefined for any other expression. */
export function scalarOf(x: Expr): number | undefined {
  if (x.op !== "Constant" || x.shape.length > 0) return undefined;
  return tensorNumbers(x.attributes.value)[0];
}
