import type { Dim } from "../expr/shape.ts";
import type { NodeReader } from "./node-reader.ts";
import { type StaticValue, staticLimit, staticValue } from "./static-value.ts";

/** More than this, models that are meant to run do not work out while they are read. */
export const mostElements = 2 ** 16;

export type Fold = (call: NodeReader, x: StaticValue) => StaticValue | undefined;

export const count = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** What `then` makes of the elements, or undefined where one is not known. */
export function all(
  values: (Dim | undefined)[],
  then: (v: Dim[]) => StaticValue,
): StaticValue | undefined {
  return values.includes(undefined) ? undefined : then(values as Dim[]);
}

/** The entries of `x` along `axis` at `positions`. */
function take(x: StaticValue, axis: number, positions: readonly number[]): StaticValue | undefined {
  const inner = count(x.dims.slice(axis + 1));
  const outer = count(x.dims.slice(0, axis));
  const values = Array.from({ length: outer }, (_, o) =>
    positions.flatMap((p) => {
      const start = (o * x.dims[axis] + p) * inner;
      return p >= 0 && p < x.dims[axis] ? x.values.slice(start, start + inner) : [undefined];
    }),
  ).flat();
  const dims = x.dims.map((d, i) => (i === axis ? positions.length : d));
  return all(values, (v) => staticValue(x.dtype, dims, v));
}

function gather(call: NodeReader, x: StaticValue): StaticValue | undefined {
  const at = call.staticValue(1);
  const axis = axisOf(call.int("axis", 0), x);
  if (at.values.some((v) => typeof v === "string") || !(axis < x.dims.length)) return undefined;
  if (at.values.length * count(x.dims) > staticLimit) return undefined;
  const positions = call.numbers(1).map((i) => (i < 0 ? i + x.dims[axis] : i));
  const taken = take(x, axis, positions);
  const dims = [...x.dims.slice(0, axis), ...at.dims, ...x.dims.slice(axis + 1)];
  return taken && { ...taken, dims };
}

const axisOf = (axis: number, x: StaticValue) => (axis < 0 ? axis + x.dims.length : axis);

function slice(call: NodeReader, x: StaticValue): StaticValue | undefined {
  const starts = call.list("starts", 1) ?? [];
  const ends = call.list("ends", 2) ?? [];
  const axes = call.list("axes", 3) ?? starts.map((_, i) => i);
  const steps = call.has(4) ? call.numbers(4) : [];
  return axes.reduce<StaticValue | undefined>((made, given, i) => {
    const axis = axisOf(given, x);
    if (!made || !(axis < x.dims.length)) return undefined;
    const step = steps[i] ?? 1;
    const positions = Array.from({ length: x.dims[axis] }, (_, p) => p);
    const place = (p: number) => (p < 0 ? p + positions.length : p);
    const [from, to] = [place(starts[i]), place(ends[i])];
    const inside = (p: number) =>
      step > 0 ? p >= from && p < to : p <= from && (p > to || ends[i] < -positions.length);
    const kept = (step > 0 ? positions : positions.reverse()).filter(inside);
    return take(
      made,
      axis,
      kept.filter((_, k) => k % Math.abs(step) === 0),
    );
  }, x);
}

function concat(call: NodeReader, x: StaticValue): StaticValue | undefined {
  const parts = call.operands.map((_, i) => call.staticValue(i));
  const axis = axisOf(call.int("axis", 0), x);
  const outer = (p: StaticValue) => `${p.dims.slice(0, axis)};${p.dims.slice(axis + 1)}`;
  if (!(axis < x.dims.length) || parts.some((p) => outer(p) !== outer(x))) return undefined;
  const rows = count(x.dims.slice(0, axis));
  const length = parts.reduce((sum, p) => sum + p.dims[axis], 0);
  if (length * rows > mostElements) return undefined;
  const values = Array.from({ length: rows }, (_, r) =>
    parts.flatMap((p) => {
      const width = p.values.length / rows;
      return p.values.slice(r * width, (r + 1) * width);
    }),
  ).flat();
  return staticValue(
    x.dtype,
    x.dims.map((d, i) => (i === axis ? length : d)),
    values,
  );
}

function transpose(call: NodeReader, x: StaticValue): StaticValue | undefined {
  const rank = x.dims.length;
  const perm = call.list("perm") ?? x.dims.map((_, i) => rank - 1 - i);
  if (perm.length !== rank) return undefined;
  const strides = x.dims.map((_, i) => count(x.dims.slice(i + 1)));
  const dims = perm.map((p) => x.dims[p]);
  const values = x.values.map((_, flat) => {
    let rest = flat;
    return dims.reduceRight((at, d, i) => {
      const position = rest % d;
      rest = (rest - position) / d;
      return at + position * strides[perm[i]];
    }, 0);
  });
  return all(
    values.map((at) => x.values[at]),
    (v) => staticValue(x.dtype, dims, v),
  );
}

function reshape(x: StaticValue, target: readonly number[]): StaticValue | undefined {
  const copied = target.map((d, i) => (d === 0 ? x.dims[i] : d));
  const rest = count(copied.filter((d) => d !== -1));
  const dims = copied.map((d) => (d === -1 ? x.values.length / rest : d));
  return count(dims) === x.values.length ? staticValue(x.dtype, dims, x.values) : undefined;
}

function unsqueeze(call: NodeReader, x: StaticValue): StaticValue {
  const axes = call.list("axes", 1) ?? [];
  const rank = x.dims.length + axes.length;
  const at = axes.map((a) => (a < 0 ? a + rank : a));
  const rest = [...x.dims];
  const dims = Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : (rest.shift() ?? 1)));
  return staticValue(x.dtype, dims, x.values);
}

function squeeze(call: NodeReader, x: StaticValue): StaticValue | undefined {
  const axes = call.list("axes", 1)?.map((a) => axisOf(a, x));
  const dims = x.dims.filter((d, i) => (axes ? !axes.includes(i) : d !== 1));
  return count(dims) === x.values.length ? staticValue(x.dtype, dims, x.values) : undefined;
}

/** StaticValue values in another order or shape. */
export const arrangeFolds: readonly (readonly [string, Fold])[] = [
  ["Gather", gather],
  ["Slice", slice],
  ["Concat", concat],
  ["Transpose", transpose],
  ["Reshape", (call, x) => reshape(x, call.numbers(1))],
  ["Unsqueeze", unsqueeze],
  ["Squeeze", squeeze],
];
