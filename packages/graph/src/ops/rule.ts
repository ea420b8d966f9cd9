import { constant, type Expr, type ExprOf, scalarOf } from "../expr/expr.ts";
import type { Op } from "../expr/operations.ts";
import { type Dim, type Shape, sameShape } from "../expr/shape.ts";
import { expandLike, reshape } from "./arrange/build.ts";
import { add, mul, neg } from "./elementwise/build.ts";
import { sum } from "./reduce/build.ts";

/**
 * The gradients of a node's inputs, from the gradient `g` of its value `y`; undefined for an input
 * without a gradient. A gradient may be smaller than its value and stands for its broadcast form:
 * the gradient of a mean stays one number until a rule needs it at full shape (see `expandLike`).
 */
export type Rule<O extends Op> = (g: Expr, y: ExprOf<O>) => readonly ((() => Expr) | undefined)[];
/** A rule for each of several operations. */
export type Rules<O extends Op> = { readonly [P in O]: Rule<P> };

/** `a * b` without needless products by numbers. */
export function times(a: Expr | number, b: Expr): Expr {
  const s = typeof a === "number" ? a : scalarOf(a);
  const t = scalarOf(b);
  if (s === undefined) return t === undefined ? mul(a, b) : times(t, a as Expr);
  if (t !== undefined) return constant(s * t, b.dtype);
  if (s === 1) return b;
  const inner = b.op === "Mul" ? scalarOf(b.inputs[0]) : undefined;
  if (inner !== undefined) return times(s * inner, b.inputs[1]);
  return s === -1 ? neg(b) : mul(s, b);
}

/** `a + b` without needless sums with 0. */
export function plus(a: Expr, b: Expr): Expr {
  const s = scalarOf(a);
  const t = scalarOf(b);
  if (s !== undefined && t !== undefined) return constant(s + t, a.dtype);
  if (s === 0) return b;
  return t === 0 ? a : add(a, b);
}

/** The gradient of the operand `x` of a broadcast `y`: `g` summed over the repeated dimensions. */
export function sumTo(g: Expr, y: Expr, x: Expr): Expr {
  return sameShape(x.shape, y.shape) ? g : sumToShape(expandLike(g, y), x.shape);
}

/** `g` summed over the dimensions in which `shape` was repeated. */
export function sumToShape(g: Expr, shape: Shape): Expr {
  if (sameShape(g.shape, shape)) return g;
  const offset = g.shape.length - shape.length;
  const leading = Array.from({ length: offset }, (_, i) => i);
  const repeated = shape.flatMap((d, i) =>
    d === 1 && g.shape[i + offset] !== 1 ? [i + offset] : [],
  );
  if (repeated.length === 0) return sum(g, leading);
  return reshape(sum(g, [...leading, ...repeated], true), shape);
}

/** The gradient of a reduction, with the reduced axes as dimensions of 1. */
export function restoreAxes(g: Expr, y: ExprOf<"ReduceSum" | "ReduceMean" | "ReduceMax">): Expr {
  const { axes, keepdims } = y.attributes;
  if (keepdims || g.shape.length === 0) return g;
  const rest = [...y.shape.map(() => 1).slice(g.shape.length), ...g.shape];
  const shape = y.inputs[0].shape.map((_, i) => (axes.includes(i) ? 1 : (rest.shift() as Dim)));
  return reshape(g, shape);
}
