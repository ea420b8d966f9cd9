import { type Expr, expr, requireFloat } from "../../expr/expr.ts";
import { normalizeAxis } from "../../expr/shape.ts";
import { add, exp, log, sub } from "../elementwise/build.ts";

type Reduction = "ReduceSum" | "ReduceMean" | "ReduceMax";

function reduce(op: Reduction, x: Expr, axes?: readonly number[], keepDims = false): Expr {
  requireFloat(op, x);
  const all = axes ?? x.shape.map((_, i) => i);
  const at = [...new Set(all.map((a) => normalizeAxis(op, a, x.shape)))].sort((a, b) => a - b);
  if (at.length === 0) return x;
  const shape = x.shape.flatMap((d, i) => (at.includes(i) ? (keepDims ? [1] : []) : [d]));
  return expr(op, [x], shape, { axes: at, keepdims: keepDims ? 1 : 0 });
}

/**
 * Sum over `axes` (default all), which stay as length 1 where `keepDims`.
 *
 * @param x The operand, any shape.
 * @param axes The axes, 0-based; negative count from the end. Default: all.
 * @param keepDims Whether the axes stay, of length 1. Default: false.
 * @throws RangeError when an axis does not exist, or x is no float.
 */
export const sum = (x: Expr, axes?: readonly number[], keepDims?: boolean): Expr =>
  reduce("ReduceSum", x, axes, keepDims);
/**
 * Mean over `axes` (default all), which stay as length 1 where `keepDims`.
 *
 * @param x The operand, any shape.
 * @param axes The axes, 0-based; negative count from the end. Default: all.
 * @param keepDims Whether the axes stay, of length 1. Default: false.
 * @throws RangeError when an axis does not exist, or x is no float.
 */
export const mean = (x: Expr, axes?: readonly number[], keepDims?: boolean): Expr =>
  reduce("ReduceMean", x, axes, keepDims);
/**
 * Largest over `axes` (default all); ties share the gradient.
 *
 * @param x The operand, any shape.
 * @param axes The axes, 0-based; negative count from the end. Default: all.
 * @param keepDims Whether the axes stay, of length 1. Default: false.
 * @throws RangeError when an axis does not exist, or x is no float.
 */
export const max = (x: Expr, axes?: readonly number[], keepDims?: boolean): Expr =>
  reduce("ReduceMax", x, axes, keepDims);

/**
 * `exp(x) / sum(exp(x))` along `axis`.
 *
 * @param x The operand, any shape.
 * @param axis The axis that sums to 1. Default: the last one.
 * @throws RangeError when the axis does not exist, or x is no float.
 */
export function softmax(x: Expr, axis = -1): Expr {
  requireFloat("Softmax", x);
  return expr("Softmax", [x], x.shape, { axis: normalizeAxis("Softmax", axis, x.shape) });
}

/**
 * `log(sum(exp(x)))` along `axis`, which is dropped unless `keepDims`.
 *
 * @param x The operand, any shape.
 * @param axis The axis. Default: the last one.
 * @param keepDims Whether the axis stays, of length 1. Default: false.
 * @throws RangeError when the axis does not exist, or x is no float.
 */
export function logSumExp(x: Expr, axis = -1, keepDims = false): Expr {
  const top = max(x, [axis], true);
  const total = log(sum(exp(sub(x, top)), [axis], true));
  const kept = add(top, total);
  return keepDims ? kept : sum(kept, [axis]);
}
