import { constant, type Expr, expr } from "../../expr/expr.ts";
import {
  broadcastShapes,
  type Dim,
  divideDims,
  elementCount,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeText,
} from "../../expr/shape.ts";

/**
 * The same elements in another shape; one dimension may be -1 and is worked out from the rest.
 * @throws RangeError when the numbers of elements differ.
 */
export function reshape(x: Expr, shape: Shape): Expr {
  const free = shape.indexOf(-1);
  const rest = shape.filter((_, i) => i !== free);
  const missing = free < 0 ? undefined : divideDims(x.shape, rest);
  const full = free < 0 ? shape : shape.map((d, i) => (i === free ? (missing ?? -1) : d));
  if (full.includes(-1) || elementCount(full) !== elementCount(x.shape)) {
    throw new RangeError(`Reshape: ${shapeText(x.shape)} does not fit ${shapeText(shape)}`);
  }
  if (sameShape(full, x.shape)) return x;
  if (x.op !== "Constant") return expr("Reshape", [x], full, {});
  return constant({ ...x.attributes.value, shape: full as number[] });
}

/** Reorders the dimensions: output dimension i is input dimension `permutation[i]`. */
export function transpose(x: Expr, permutation: readonly number[]): Expr {
  const rank = x.shape.length;
  if (
    permutation.length !== rank ||
    new Set(permutation).size !== rank ||
    permutation.some((p) => !(p in x.shape))
  ) {
    throw new RangeError(
      `Transpose: [${permutation.join(", ")}] does not permute ${shapeText(x.shape)}`,
    );
  }
  return expr(
    "Transpose",
    [x],
    permutation.map((p) => x.shape[p]),
    { perm: [...permutation] },
  );
}

/** Joins expressions along `axis`; the other dimensions must agree. */
export function concat(parts: readonly Expr[], axis: number): Expr {
  const [first] = parts;
  if (!first) throw new RangeError("Concat needs at least one expression, got none");
  const at = normalizeAxis("Concat", axis, first.shape);
  let length: Dim = 0;
  for (const part of parts) {
    const fits =
      part.shape.length === first.shape.length &&
      part.dtype === first.dtype &&
      part.shape.every((d, i) => i === at || d === first.shape[i]);
    if (!fits) {
      throw new RangeError(
        `Concat: ${first.dtype} ${shapeText(first.shape)} and ${part.dtype} ${shapeText(part.shape)} do not join along axis ${axis}`,
      );
    }
    length = addDims(length, part.shape[at]);
  }
  if (parts.length === 1) return first;
  return expr(
    "Concat",
    parts,
    first.shape.map((d, i) => (i === at ? length : d)),
    { axis: at },
  );
}

function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a === 0) return b;
  if (a === b) return elementCount([2, a]);
  const [n, ...name] = String(a).split("*");
  const [m, ...other] = String(b).split("*");
  const left = Number.isNaN(Number(n)) ? [1, String(a)] : [Number(n), name.join("*")];
  const right = Number.isNaN(Number(m)) ? [1, String(b)] : [Number(m), other.join("*")];
  if (left[1] === right[1])
    return elementCount([(left[0] as number) + (right[0] as number), left[1]]);
  throw new RangeError(`Concat: dimensions ${a} and ${b} cannot be added`);
}

/**
 * The elements from `start` (inclusive) to `end` (exclusive) along `axis`, every `step`-th of them.
 * Negative positions count from the end; both are clamped to the dimension. The step may not be negative.
 */
export function slice(x: Expr, axis: number, start: number, end: number, step = 1): Expr {
  const at = normalizeAxis("Slice", axis, x.shape);
  const size = x.shape[at];
  if (typeof size !== "number" || !(step >= 1)) {
    throw new RangeError(
      `Slice: axis ${axis} of ${shapeText(x.shape)} must be static and the step at least 1, got ${step}`,
    );
  }
  const clamp = (v: number) => Math.min(size, Math.max(0, v < 0 ? v + size : v));
  const [from, to] = [clamp(start), clamp(end)];
  if (from === 0 && to === size && step === 1) return x;
  const length = Math.max(0, Math.ceil((to - from) / step));
  return expr(
    "Slice",
    [x],
    x.shape.map((d, i) => (i === at ? length : d)),
    { axis: at, start: from, end: to, step },
  );
}

/** Adds `before[i]` and `after[i]` elements of `value` around each dimension i; none may be negative. */
export function pad(x: Expr, before: readonly number[], after: readonly number[], value = 0): Expr {
  const rank = x.shape.length;
  if (
    before.length !== rank ||
    after.length !== rank ||
    [...before, ...after].some((p) => !(p >= 0))
  ) {
    throw new RangeError(
      `Pad: [${before.join(", ")}] and [${after.join(", ")}] do not fit ${shapeText(x.shape)}`,
    );
  }
  if ([...before, ...after].every((p) => p === 0)) return x;
  const shape = x.shape.map((d, i) => {
    const extra = before[i] + after[i];
    if (extra === 0) return d;
    if (typeof d === "number") return d + extra;
    throw new RangeError(`Pad: dimension ${d} of ${shapeText(x.shape)} is not static`);
  });
  return expr("Pad", [x], shape, { pads: [...before, ...after], value });
}

/**
 * Repeats along dimensions of length 1 (and new leading ones) until the shape is `shape`.
 * @throws RangeError when it does not broadcast, or when a symbolic dimension would be made; see `expandLike`.
 */
export function expand(x: Expr, shape: Shape): Expr {
  if (sameShape(x.shape, shape)) return x;
  requireExpandable(x, shape);
  const offset = shape.length - x.shape.length;
  if (shape.some((d, i) => typeof d === "string" && x.shape[i - offset] !== d)) {
    throw new RangeError(
      `Expand: ${shapeText(x.shape)} to ${shapeText(shape)} makes a symbolic dimension; use expandLike`,
    );
  }
  return expr("Expand", [x], [...shape], {});
}

/** Repeats `x` until it has the shape of `like`, whose values are not used. */
export function expandLike(x: Expr, like: Expr): Expr {
  const { shape } = like;
  if (sameShape(x.shape, shape)) return x;
  const offset = shape.length - x.shape.length;
  if (shape.every((d, i) => typeof d === "number" || x.shape[i - offset] === d))
    return expand(x, shape);
  requireExpandable(x, shape);
  return expr("Expand", [x, like], shape, {});
}

function requireExpandable(x: Expr, shape: Shape): void {
  if (!sameShape(broadcastShapes("Expand", x.shape, shape), shape)) {
    throw new RangeError(`Expand: ${shapeText(x.shape)} does not broadcast to ${shapeText(shape)}`);
  }
}

/**
 * Picks entries along `axis` by the integers of `indices`: shape
 * `[...x.shape before axis, ...indices.shape, ...x.shape after axis]`.
 */
export function gather(x: Expr, indices: Expr, axis = 0): Expr {
  if (indices.dtype !== "int32" && indices.dtype !== "int64") {
    throw new TypeError(`Gather needs int32 or int64 indices, got ${indices.dtype}`);
  }
  const at = normalizeAxis("Gather", axis, x.shape);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return expr("Gather", [x, indices], shape, { axis: at });
}

/** Zeros with the shape and dtype of `x`. */
export const zerosLike = (x: Expr): Expr => expandLike(constant(0, x.dtype), x);
/** Ones with the shape and dtype of `x`. */
export const onesLike = (x: Expr): Expr => expandLike(constant(1, x.dtype), x);
