import { ArgumentError } from "@gen/math/arguments";
import { constant, type Expr, expr } from "../../expr/expr.ts";
import { GraphError } from "../../expr/graph-error.ts";
import {
  broadcastShapes,
  type Dim,
  dimParts,
  divideDims,
  elementCount,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeText,
} from "../../expr/shape.ts";

/**
 * The same elements in another shape; a dimension of -1 follows from the rest.
 *
 * @param x The operand, any shape.
 * @param shape The new dimensions.
 * @throws RangeError when the numbers of elements differ.
 */
export function reshape(x: Expr, shape: Shape): Expr {
  const free = shape.indexOf(-1);
  const rest = shape.filter((_, i) => i !== free);
  const missing = free < 0 ? undefined : divideDims(x.shape, rest);
  const full = free < 0 ? shape : shape.map((d, i) => (i === free ? (missing ?? -1) : d));
  if (full.includes(-1) || elementCount(full) !== elementCount(x.shape)) {
    throw new GraphError(`Reshape: ${shapeText(x.shape)} does not fit ${shapeText(shape)}`);
  }
  if (sameShape(full, x.shape)) return x;
  if (x.op !== "Constant") return expr("Reshape", [x], full, {});
  return constant({ ...x.attributes.value, shape: full as number[] });
}

/**
 * Reorders the dimensions: output dimension i is input dimension `permutation[i]`.
 *
 * @param x The operand, any shape.
 * @param permutation The input's dimension for each of the result's.
 * @throws RangeError when the permutation does not have each dimension once.
 */
export function transpose(x: Expr, permutation: readonly number[]): Expr {
  const perm = [...permutation];
  if (perm.length !== x.shape.length || x.shape.some((_, i) => !perm.includes(i))) {
    throw new GraphError(`Transpose: [${perm.join(", ")}] does not permute ${shapeText(x.shape)}`);
  }
  const shape = perm.map((p) => x.shape[p]);
  return expr("Transpose", [x], shape, { perm });
}

/**
 * Joins expressions along `axis`; the other dimensions must agree.
 *
 * @param parts The expressions, at least one.
 * @param axis The axis, 0-based; negative counts from the end.
 * @throws RangeError when there is no expression, or another dimension differs.
 */
export function concat(parts: readonly Expr[], axis: number): Expr {
  const [first] = parts;
  if (!first) throw new GraphError("Concat needs at least one expression, got none");
  const at = normalizeAxis("Concat", axis, first.shape);
  let length: Dim = 0;
  for (const part of parts) {
    const fits =
      part.shape.length === first.shape.length &&
      part.dtype === first.dtype &&
      part.shape.every((d, i) => i === at || d === first.shape[i]);
    if (!fits) {
      throw new GraphError(
        `Concat: ${first.dtype} ${shapeText(first.shape)} and ${part.dtype} ${shapeText(part.shape)} do not join along axis ${axis}`,
      );
    }
    length = addDims(length, part.shape[at]);
  }
  if (parts.length === 1) return first;
  const shape = first.shape.map((d, i) => (i === at ? length : d));
  return expr("Concat", parts, shape, { axis: at });
}

/** The sum of two dimensions that are multiples of the same names. */
function addDims(a: Dim, b: Dim): Dim {
  if (a === 0) return b;
  const [left, right] = [a, b].map((dim) => {
    const [first, ...rest] = dimParts(dim);
    return typeof first === "number"
      ? { factor: first, name: rest.join("*") }
      : { factor: 1, name: dim };
  });
  if (left.name === right.name)
    return elementCount([left.factor + right.factor, ...(left.name ? [left.name] : [])]);
  throw new GraphError(`Concat: dimensions ${a} and ${b} cannot be added`);
}

/**
 * Every `step`-th element from `start` (inclusive) to `end` (exclusive) along `axis`. Negative
 * positions count from the end; both are clamped to the dimension. The step must be at least 1.
 *
 * @param x The operand, any shape.
 * @param axis The axis, 0-based.
 * @param start The first position.
 * @param end The position after the last one.
 * @param step The distance of two positions. Default: 1.
 * @throws RangeError when the axis has only a name, or the step is below 1.
 */
export function slice(x: Expr, axis: number, start: number, end: number, step = 1): Expr {
  const at = normalizeAxis("Slice", axis, x.shape);
  const size = x.shape[at];
  if (typeof size !== "number" || !(step >= 1)) {
    throw new GraphError(
      `Slice: axis ${axis} of ${shapeText(x.shape)} must be static and the step at least 1, got ${step}`,
    );
  }
  const clamp = (v: number) => Math.min(size, Math.max(0, v < 0 ? v + size : v));
  const [from, to] = [clamp(start), clamp(end)];
  if (from === 0 && to === size && step === 1) return x;
  const length = Math.max(0, Math.ceil((to - from) / step));
  const shape = x.shape.map((d, i) => (i === at ? length : d));
  return expr("Slice", [x], shape, { axis: at, start: from, end: to, step });
}

/**
 * Adds `before[i]` and `after[i]` elements of `value` to each dimension i; both are 0 or more.
 *
 * @param x The operand, any shape.
 * @param before How many elements before each dimension.
 * @param after How many elements after each dimension.
 * @param value The number that is added. Default: 0.
 * @throws RangeError when a count is below 0, or a padded dimension has only a name.
 */
export function pad(x: Expr, before: readonly number[], after: readonly number[], value = 0): Expr {
  const rank = x.shape.length;
  const pads = [...before, ...after];
  if (before.length !== rank || after.length !== rank || pads.some((p) => !(p >= 0))) {
    throw new GraphError(
      `Pad: [${before.join(", ")}] and [${after.join(", ")}] do not fit ${shapeText(x.shape)}`,
    );
  }
  if (pads.every((p) => p === 0)) return x;
  const shape = x.shape.map((d, i) => {
    const extra = before[i] + after[i];
    if (extra === 0) return d;
    if (typeof d === "number") return d + extra;
    throw new GraphError(`Pad: dimension ${d} of ${shapeText(x.shape)} is not static`);
  });
  return expr("Pad", [x], shape, { pads, value });
}

/**
 * Repeats along dimensions of length 1 (and new leading ones) until the shape is `shape`.
 *
 * @param x The operand.
 * @param shape The shape of the result.
 * @throws RangeError when `x` does not broadcast, or when `shape` has a new symbolic dimension; see
 * `expandLike`.
 */
export function expand(x: Expr, shape: Shape): Expr {
  if (sameShape(x.shape, shape)) return x;
  requireExpandable(x, shape);
  if (!addsSymbol(x, shape)) return expr("Expand", [x], [...shape], {});
  throw new GraphError(
    `Expand: ${shapeText(x.shape)} to ${shapeText(shape)} makes a symbolic dimension; use expandLike`,
  );
}

/**
 * Repeats `x` until it has the shape of `like`, whose values are not used.
 *
 * @param x The operand.
 * @param like What has the shape of the result.
 * @throws RangeError when x does not broadcast to the shape of `like`.
 */
export function expandLike(x: Expr, like: Expr): Expr {
  const { shape } = like;
  if (!addsSymbol(x, shape)) return expand(x, shape);
  requireExpandable(x, shape);
  return expr("Expand", [x, like], shape, {});
}

/** Whether `shape` has a symbolic dimension where `x` has none or another. */
const addsSymbol = (x: Expr, shape: Shape): boolean =>
  shape.some((d, i) => typeof d === "string" && x.shape[i - shape.length + x.shape.length] !== d);

function requireExpandable(x: Expr, shape: Shape): void {
  if (!sameShape(broadcastShapes("Expand", x.shape, shape), shape)) {
    throw new GraphError(
      `Expand: shape ${shapeText(x.shape)} does not broadcast to ${shapeText(shape)}`,
    );
  }
}

/**
 * The entries along `axis` at the integers of `indices`, in the shape
 * `[...x.shape before axis, ...indices.shape, ...x.shape after axis]`.
 *
 * @param x What is chosen from.
 * @param indices The positions, int32 or int64, any shape.
 * @param axis The axis that is chosen from, 0-based. Default: 0.
 * @throws RangeError when the indices are not int32 or int64.
 */
export function gather(x: Expr, indices: Expr, axis = 0): Expr {
  if (indices.dtype !== "int32" && indices.dtype !== "int64") {
    throw new ArgumentError(`Gather needs int32 or int64 indices, got ${indices.dtype}`);
  }
  const at = normalizeAxis("Gather", axis, x.shape);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return expr("Gather", [x, indices], shape, { axis: at });
}

/**
 * Zeros with the shape and dtype of `x`.
 *
 * @param x What has the shape and the dtype.
 */
export const zerosLike = (x: Expr): Expr => expandLike(constant(0, x.dtype), x);
/**
 * Ones with the shape and dtype of `x`.
 *
 * @param x What has the shape and the dtype.
 */
export const onesLike = (x: Expr): Expr => expandLike(constant(1, x.dtype), x);
