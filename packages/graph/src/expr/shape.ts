import { GraphError } from "./graph-error.ts";
import { MAX_DIM_LETTERS, MAX_DIM_NAMES } from "./limits.ts";

/** A dimension: a number, or a name such as `batch` or `4*batch` that each run resolves. */
export type Dim = number | string;
/** The dimensions of a value, outermost first; `[]` is a scalar. */
export type Shape = readonly Dim[];

/**
 * `[batch, 3, 28, 28]`, as errors print it.
 *
 * @param shape The dimensions.
 */
export const shapeText = (shape: Shape): string => `[${shape.join(", ")}]`;

/** The number of elements of a static shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

/** `axis` counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The dimensions as numbers. @throws RangeError when one is symbolic. */
export function staticShape(shape: Shape, what: string): number[] {
  return shape.map((dim) => {
    if (typeof dim === "number") return dim;
    throw new GraphError(`${what} needs a static shape, got ${shapeText(shape)}`);
  });
}

/** The factors of a dimension: `[4, "batch"]` for `4*batch`. */
export const dimParts = (dim: Dim): Dim[] =>
  typeof dim === "number"
    ? [dim]
    : dim.split("*").map((part) => (Number.isNaN(Number(part)) ? part : Number(part)));

/** The number of elements as a factor and names in order. */
function product(shape: Shape) {
  const parts = shape.flatMap(dimParts);
  const factor = parts.reduce<number>((n, part) => (typeof part === "number" ? n * part : n), 1);
  return { factor, names: parts.filter((part) => typeof part === "string").sort() };
}

function dim({ factor, names }: ReturnType<typeof product>): Dim {
  if (names.length === 0 || factor === 0) return factor;
  // Products of products double their names: repeated, they would outgrow the memory.
  if (
    names.length > MAX_DIM_NAMES ||
    names.reduce((n, { length }) => n + length, 0) > MAX_DIM_LETTERS
  ) {
    throw new GraphError(
      `a dimension has ${names.length} names, at most ${MAX_DIM_NAMES} of ${MAX_DIM_LETTERS} letters are taken; give it a fixed size`,
    );
  }
  return factor === 1 ? names.join("*") : [factor, ...names].join("*");
}

/**
 * The number of elements of `shape`, symbolic where the shape is.
 *
 * @param shape The dimensions.
 */
export const elementCount = (shape: Shape): Dim => dim(product(shape));

/** The elements of `shape` per element of `by`; undefined when the quotient is not whole. */
export function divideDims(shape: Shape, by: Shape): Dim | undefined {
  const a = product(shape);
  const b = product(by);
  for (const name of b.names) {
    const at = a.names.indexOf(name);
    if (at < 0) return undefined;
    a.names.splice(at, 1);
  }
  if (b.factor === 0 || a.factor % b.factor !== 0) return undefined;
  return dim({ factor: a.factor / b.factor, names: a.names });
}

/**
 * The common shape of operands under numpy's broadcasting.
 * @throws RangeError naming the operation and both shapes.
 */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new GraphError(`${op}: shapes ${shapeText(a)} and ${shapeText(b)} do not broadcast`);
  });
}

/** The axis of `shape` that is `dim`, or -1. */
export const axisOf = (shape: Shape, dim: Dim): number => shape.indexOf(dim);

/** `axis` counted from the front. @throws RangeError when it is outside `[-rank, rank)`. */
export function normalizeAxis(op: string, axis: number, shape: Shape): number {
  const at = fromFront(axis, shape.length);
  if (!Number.isInteger(axis) || at < 0 || at >= shape.length) {
    throw new GraphError(`${op}: axis ${axis} is outside the shape ${shapeText(shape)}`);
  }
  return at;
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);
