import { type Dim, fromFront, sizeOf } from "../expr/shape.ts";
import type { NodeReader } from "./node-reader.ts";
import { type StaticValue, staticLimit, staticValue } from "./static-value.ts";

/** The most elements that folding makes; a sound model computes no more from shapes. */
export const mostElements = 2 ** 16;

/** The static result of a node with the static first operand `x`; undefined where it has none. */
export type Fold = (node: NodeReader, x: StaticValue) => StaticValue | undefined;

/** `f` of the elements, or undefined where one is not known. */
export const ifKnown = (
  values: (Dim | undefined)[],
  f: (values: Dim[]) => StaticValue,
): StaticValue | undefined => (values.includes(undefined) ? undefined : f(values as Dim[]));

/** `dims` with `length` along `axis`. */
const withLength = (dims: readonly number[], axis: number, length: number) =>
  dims.map((d, i) => (i === axis ? length : d));

/** The entries of `x` along `axis` at `positions`. */
function take(x: StaticValue, axis: number, positions: readonly number[]): StaticValue | undefined {
  const inner = sizeOf(x.dims.slice(axis + 1));
  const outer = sizeOf(x.dims.slice(0, axis));
  const values = Array.from({ length: outer }, (_, o) =>
    positions.flatMap((p) => {
      const start = (o * x.dims[axis] + p) * inner;
      return p >= 0 && p < x.dims[axis] ? x.values.slice(start, start + inner) : [undefined];
    }),
  ).flat();
  const dims = withLength(x.dims, axis, positions.length);
  return ifKnown(values, (v) => staticValue(x.dtype, dims, v));
}

function gather(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const indices = node.staticValue(1);
  const axis = fromFront(node.int("axis", 0), x.dims.length);
  if (indices.values.some((v) => typeof v === "string") || !(axis < x.dims.length))
    return undefined;
  if (indices.values.length * sizeOf(x.dims) > staticLimit) return undefined;
  const taken = take(
    x,
    axis,
    node.numbers(1).map((i) => fromFront(i, x.dims[axis])),
  );
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  return taken && { ...taken, dims };
}

function slice(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const starts = node.list("starts", 1) ?? [];
  const ends = node.list("ends", 2) ?? [];
  const axes = node.list("axes", 3) ?? starts.map((_, i) => i);
  const steps = node.has(4) ? node.numbers(4) : [];
  return axes.reduce<StaticValue | undefined>((cut, given, i) => {
    const axis = fromFront(given, x.dims.length);
    if (!cut || !(axis < x.dims.length)) return undefined;
    const size = x.dims[axis];
    const step = steps[i] ?? 1;
    const [from, to] = [fromFront(starts[i], size), fromFront(ends[i], size)];
    const inside = (p: number) =>
      step > 0 ? p >= from && p < to : p <= from && (p > to || ends[i] < -size);
    const positions = Array.from({ length: size }, (_, p) => (step > 0 ? p : size - 1 - p));
    return take(
      cut,
      axis,
      positions.filter(inside).filter((_, k) => k % Math.abs(step) === 0),
    );
  }, x);
}

function concat(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const parts = node.operands.map((_, i) => node.staticValue(i));
  const axis = fromFront(node.int("axis", 0), x.dims.length);
  const outer = (p: StaticValue) => `${p.dims.slice(0, axis)};${p.dims.slice(axis + 1)}`;
  if (!(axis < x.dims.length) || parts.some((p) => outer(p) !== outer(x))) return undefined;
  const rows = sizeOf(x.dims.slice(0, axis));
  const length = parts.reduce((sum, p) => sum + p.dims[axis], 0);
  if (length * rows > mostElements) return undefined;
  const values = Array.from({ length: rows }, (_, r) =>
    parts.flatMap((p) => {
      const width = p.values.length / rows;
      return p.values.slice(r * width, (r + 1) * width);
    }),
  ).flat();
  return staticValue(x.dtype, withLength(x.dims, axis, length), values);
}

function transpose(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const rank = x.dims.length;
  const perm = node.list("perm") ?? x.dims.map((_, i) => rank - 1 - i);
  if (perm.length !== rank) return undefined;
  const strides = x.dims.map((_, i) => sizeOf(x.dims.slice(i + 1)));
  const dims = perm.map((p) => x.dims[p]);
  const values = x.values.map((_, flat) => {
    let rest = flat;
    const from = dims.reduceRight((at, d, i) => {
      const position = rest % d;
      rest = (rest - position) / d;
      return at + position * strides[perm[i]];
    }, 0);
    return x.values[from];
  });
  return ifKnown(values, (v) => staticValue(x.dtype, dims, v));
}

/** `x` with other dimensions; undefined where they hold another number of elements. */
const withDims = (x: StaticValue, dims: readonly number[]): StaticValue | undefined =>
  sizeOf(dims) === x.values.length ? staticValue(x.dtype, dims, x.values) : undefined;

function reshape(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const dims = node.numbers(1).map((d, i) => (d === 0 ? x.dims[i] : d));
  const rest = sizeOf(dims.filter((d) => d !== -1));
  return withDims(
    x,
    dims.map((d) => (d === -1 ? x.values.length / rest : d)),
  );
}

function unsqueeze(node: NodeReader, x: StaticValue): StaticValue {
  const given = node.list("axes", 1) ?? [];
  const rank = x.dims.length + given.length;
  const axes = given.map((a) => fromFront(a, rank));
  const rest = [...x.dims];
  const dims = Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : (rest.shift() ?? 1)));
  return staticValue(x.dtype, dims, x.values);
}

function squeeze(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const axes = node.list("axes", 1)?.map((a) => fromFront(a, x.dims.length));
  return withDims(
    x,
    x.dims.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)),
  );
}

/** Static values in another order or shape. */
export const arrangeFolds: readonly (readonly [string, Fold])[] = [
  ["Gather", gather],
  ["Slice", slice],
  ["Concat", concat],
  ["Transpose", transpose],
  ["Reshape", reshape],
  ["Unsqueeze", unsqueeze],
  ["Squeeze", squeeze],
];
