/*
 * The rows of loops. Each vector of a program is `rows` times as many elements, row by row; a value
 * with one element for each row is computed once for it, and a reduction over a row gives such a value.
 *
 *   x [16, 1, 28, 28]    max(abs(x), [1, 2, 3], true) [16, 1, 1, 1]    16 rows of 784
 *   x [16, 32, 7, 7]     scale [1, 32, 1, 1]                           512 rows of 49
 */
import type { Expr, ExprOf } from "../expr/expr.ts";
import { sizeOf } from "../expr/shape.ts";

/** The elements of a static shape; undefined for another. */
export const staticSize = ({ shape }: Expr): number | undefined =>
  shape.every((d) => typeof d === "number") ? sizeOf(shape as number[]) : undefined;

export type Reduction = ExprOf<"ReduceSum" | "ReduceMean" | "ReduceMax">;
export const isReduction = (e: Expr): e is Reduction =>
  e.op === "ReduceSum" || e.op === "ReduceMean" || e.op === "ReduceMax";

/** The operands whose values a node needs. */
export const operandsOf = (e: Expr): readonly Expr[] =>
  e.op === "Expand" ? e.inputs.slice(0, 1) : e.inputs;

/** The rows that a node needs, 1 where any number serves; undefined where rows do not serve it. */
export function rowsFor(node: Expr): number | undefined {
  const size = staticSize(node);
  if (!size || !node.inputs.every((x) => staticSize(x))) return undefined;
  if (isReduction(node)) return rowsOfReduction(node);
  if (node.op === "Slice") return partOf(node)?.rows;
  if (node.op === "Reshape") return 1;
  const needs = new Set(operandsOf(node).map((x) => rowsOfOperand(x, node)));
  needs.delete(1);
  const [rows = 1, ...others] = needs;
  return others.length === 0 ? rows : undefined;
}

/** The rows of `node` such that each has one element of `x`, which broadcasts. */
function rowsOfOperand(x: Expr, node: Expr): number | undefined {
  const size = staticSize(x) as number;
  if (size === 1 || size === staticSize(node)) return 1;
  const to = node.shape as number[];
  const from = [...Array(to.length - x.shape.length).fill(1), ...x.shape] as number[];
  const last = from.findLastIndex((d) => d !== 1);
  const first = from.findIndex((d) => d !== 1);
  const isBlock = from.slice(first, last + 1).every((d, i) => d === to[first + i]);
  return isBlock ? sizeOf(to.slice(0, last + 1)) : undefined;
}

/** The rows of what a reduction reduces; it must take whole rows or everything. */
function rowsOfReduction({ inputs: [{ shape }], attributes }: Reduction): number | undefined {
  const kept = shape.findLastIndex((d, i) => d !== 1 && !attributes.axes.includes(i));
  const own = attributes.axes.every((axis) => axis > kept || shape[axis] === 1);
  return own ? sizeOf(shape.slice(0, kept + 1) as number[]) : undefined;
}

/** Where a part lies in what it is a part of. */
interface PartOf {
  /** The rows that the part needs. */
  readonly rows: number;
  /** The elements before the part's first. */
  readonly offset: number;
  /** The elements from one row's first to the next row's first, if the part has more rows than 1. */
  readonly stride: number;
}

/** Where a slice without gaps lies, row by row. */
export function partOf({ inputs: [x], attributes }: ExprOf<"Slice">): PartOf | undefined {
  const { axis, start, step } = attributes;
  if (step !== 1) return undefined;
  const shape = x.shape as number[];
  const inner = sizeOf(shape.slice(axis + 1));
  const rows = sizeOf(shape.slice(0, axis));
  return { rows, offset: start * inner, stride: shape[axis] * inner };
}
