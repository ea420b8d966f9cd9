import { constant, type Expr, type ExprOf, scalarOf } from "../expr/expr.ts";
import type { Op } from "../expr/operations.ts";
import { type Shape, sameShape } from "../expr/shape.ts";
import { expandLike, reshape } from "./arrange/build.ts";
import { add, mul, neg } from "./elementwise/build.ts";
import { sum } from "./reduce/build.ts";

/**
 * The gradients of a node's inputs from `g`, that of its value `y`; undefined where there is none.
 * `g` and what a rule gives may be smaller than the value they belong to: they stand for their broadcast
 * form, so that the gradient of a mean stays one number until something needs it whole (see `whole`).
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

/** `g` at the full shape of `y`. */
export const whole = (g: Expr, y: Expr): Expr => expandLike(g, y);

/** What the gradient of a broadcast `y` is for its operand `x`: summed over what was repeated. */
export function sumTo(g: Expr, y: Expr, x: Expr): Expr {
  return sameShape(x.shape, y.shape) ? g : sumToShape(whole(g, y), x.shape);
}

/** `g` summed over the dimensions in which `shape` was repeated to become its own. */
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

/** The gradient of a reduction with its reduced axes put back as dimensions of 1. */
export function restoreAxes(g: Expr, y: ExprOf<"ReduceSum" | "ReduceMean" | "ReduceMax">): Expr {
  const { axes, keepdims } = y.attributes;
  if (keepdims || g.shape.length === 0) return g;
  const padded = [...y.shape.map(() => 1).slice(g.shape.length), ...g.shape];
  const rank = y.inputs[0].shape.length;
  let next = 0;
  return reshape(
    g,
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : padded[next++])),
  );
}
