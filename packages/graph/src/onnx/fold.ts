/*
 * Constant folding while a model is read: results of nodes whose operands are all static values.
 *
 *   Shape -> Gather -> Mul -> Concat -> Reshape    an exporter's arithmetic on dynamic dimensions
 *
 * A result is undefined where it is not known, such as the sum of two names; the reader of the node
 * then makes an expression.
 */
import { evaluate } from "../evaluate.ts";
import { constant, type Expr } from "../expr/expr.ts";
import { broadcastShapes, type Dim, divideDims, elementCount, sizeOf } from "../expr/shape.ts";
import { type DType, isFloat, tensor } from "../expr/tensor.ts";
import { graphOf } from "../expr/trace.ts";
import type { NodeReader, Reader } from "./node-reader.ts";
import { dtypeOf, invalidModel } from "./protobuf.ts";
import { type StaticValue, staticLimit, staticValue } from "./static-value.ts";

/** The most elements that folding makes; a sound model computes no more from shapes. */
const mostElements = 2 ** 16;

/** The result of a node whose operands are all static; undefined where it has no static result. */
export function fold(node: NodeReader, reader?: Reader): StaticValue | undefined {
  const { op } = node.source;
  if (!node.has(0)) return undefined;
  if (reader && moves.includes(op)) return moved(node, reader);
  const x = node.staticValue(0);
  if (!onNumbers.has(op)) return folds.get(op)?.(node, x) ?? unary(op, x);
  return node.operands.length === 2 ? binary(op, x, node.staticValue(1)) : undefined;
}

const moves = ["Gather", "Slice", "Concat", "Transpose", "Reshape", "Unsqueeze", "Squeeze"];

/** A node that moves elements: its reader moves their positions, which the evaluator computes. */
function moved(node: NodeReader, reader: Reader): StaticValue | undefined {
  const count = node.source.op === "Concat" ? node.operands.length : 1;
  const parts = Array.from({ length: count }, (_, i) => node.staticValue(i));
  if (parts.reduce((sum, { values }) => sum + values.length, 0) > mostElements) return undefined;
  const elements = parts.flatMap(({ values }) => values);
  let next = 0;
  const positions = parts.map(({ dims, values }) => {
    const numbers = values.map(() => next++);
    return constant(tensor(numbers, dims, "float64"));
  });
  const y = reader(node.on([...positions, ...node.operands.slice(count)])) as Expr;
  if (!(Number(elementCount(y.shape)) <= mostElements)) return undefined;
  const { shape, data } = evaluate(graphOf({ y }), {}).y;
  const values = Array.from(data as Float64Array, (i) => elements[i]);
  return staticValue(parts[0].dtype, shape, values);
}

type OnNumbers = (a: number, b: number, dtype: DType) => number | boolean;

/** Operations of two numbers. */
const onNumbers: ReadonlyMap<string, OnNumbers> = /* @__PURE__ */ new Map<string, OnNumbers>([
  ["Mul", (a, b) => a * b],
  ["Div", (a, b, dtype) => (isFloat(dtype) ? a / b : Math.trunc(a / b))],
  ["Add", (a, b) => a + b],
  ["Sub", (a, b) => a - b],
  ["Mod", (a, b) => a - b * Math.floor(a / b)],
  ["Pow", (a, b) => a ** b],
  ["Min", (a, b) => Math.min(a, b)],
  ["Max", (a, b) => Math.max(a, b)],
  ["Equal", (a, b) => a === b],
  ["Greater", (a, b) => a > b],
  ["Less", (a, b) => a < b],
  ["GreaterOrEqual", (a, b) => a >= b],
  ["LessOrEqual", (a, b) => a <= b],
  ["And", (a, b) => a !== 0 && b !== 0],
  ["Or", (a, b) => a !== 0 || b !== 0],
]);
const comparisons = ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or"];

type OnDims = (a: Dim, b: Dim) => Dim | undefined;

const isName = (dim: Dim) => typeof dim === "string";

/** The same where an operand is a dynamic dimension, which is not negative. */
const onDims: ReadonlyMap<string, OnDims> = /* @__PURE__ */ new Map<string, OnDims>([
  ["Mul", (a, b) => elementCount([a, b])],
  ["Div", (a, b) => divideDims([a], [b])],
  ["Add", (a, b) => (a === 0 ? b : b === 0 ? a : a === b ? elementCount([2, a]) : undefined)],
  ["Sub", (a, b) => (b === 0 ? a : a === b ? 0 : undefined)],
  ["Min", (a, b) => (a === b ? a : undefined)],
  ["Max", (a, b) => (a === b || b === 1 ? a : a === 1 ? b : undefined)],
  ["Equal", (a, b) => (a === b ? 1 : Number(a) < 0 || Number(b) < 0 ? 0 : undefined)],
  ["Greater", (a, b) => (isName(a) && Number(b) < 0 ? 1 : undefined)],
  ["Less", (a, b) => (isName(a) && Number(b) <= 0 ? 0 : undefined)],
]);

function onElements(op: string, a: Dim, b: Dim, dtype: DType): Dim | undefined {
  if (typeof a === "string" || typeof b === "string") return onDims.get(op)?.(a, b);
  return Number(onNumbers.get(op)?.(a, b, dtype));
}

function binary(op: string, a: StaticValue, b: StaticValue): StaticValue | undefined {
  const dims = broadcastShapes(op, a.dims, b.dims) as readonly number[];
  const most = Math.max(staticLimit, a.values.length, b.values.length);
  if (!(sizeOf(dims) <= most)) return undefined;
  const [atA, atB] = [elementAt(a.dims, dims), elementAt(b.dims, dims)];
  const values = Array.from({ length: sizeOf(dims) }, (_, i) =>
    onElements(op, a.values[atA(i)], b.values[atB(i)], a.dtype),
  );
  return ifKnown(values, (v) => staticValue(comparisons.includes(op) ? "bool" : a.dtype, dims, v));
}

/** Where element `i` of a broadcast result is in an operand. */
function elementAt(dims: readonly number[], result: readonly number[]): (i: number) => number {
  const missing = result.length - dims.length;
  return (i) => {
    let [rest, at, stride] = [i, 0, 1];
    for (let axis = result.length - 1; axis >= missing; axis--) {
      const size = dims[axis - missing];
      if (size > 1) at += (rest % result[axis]) * stride;
      stride *= size;
      rest = Math.floor(rest / result[axis]);
    }
    return at;
  };
}

/** `f` of the elements, or undefined where one is not known. */
const ifKnown = (values: (Dim | undefined)[], f: (values: Dim[]) => StaticValue) =>
  values.includes(undefined) ? undefined : f(values as Dim[]);

/** The dimensions of operands that are alike or single elements; undefined for other broadcasts. */
function commonDims(operands: readonly StaticValue[]): readonly number[] | undefined {
  const [first, ...rest] = [...operands].sort(
    (a, b) => b.values.length - a.values.length || b.dims.length - a.dims.length,
  );
  const fits = rest.every((o) =>
    o.values.length === 1 ? o.dims.length <= first.dims.length : `${o.dims}` === `${first.dims}`,
  );
  return fits && first.values.length > 0 ? first.dims : undefined;
}

type OnNumber = (a: number) => number;

const keepsDimension = ["Floor", "Ceil", "Abs", "Identity", "Round"];
const onNumber: ReadonlyMap<string, OnNumber> = /* @__PURE__ */ new Map<string, OnNumber>([
  ["Identity", (a) => a],
  ["Floor", Math.floor],
  ["Ceil", Math.ceil],
  ["Round", (a) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a))],
  ["Abs", Math.abs],
  ["Neg", (a) => -a],
  ["Sqrt", Math.sqrt],
  ["Exp", Math.exp],
  ["Log", Math.log],
  ["Reciprocal", (a) => 1 / a],
  ["Not", (a) => (a ? 0 : 1)],
]);

function unary(op: string, { dtype, dims, values }: StaticValue): StaticValue | undefined {
  const results = values.map((v) => {
    if (typeof v === "number") return onNumber.get(op)?.(v);
    return keepsDimension.includes(op) ? v : undefined;
  });
  return ifKnown(results, (v) => staticValue(dtype, dims, v));
}

function cast(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const dtype = dtypeOf(node.int("to", 0));
  if (dtype === undefined) return undefined;
  const convert = (v: Dim) => {
    if (typeof v === "string") return v;
    if (dtype === "bool") return Number(v !== 0);
    if (!dtype.startsWith("int")) return v;
    // What an integer of infinity is, the runtime decides.
    return Number.isFinite(v) ? Math.trunc(v) : undefined;
  };
  return ifKnown(x.values.map(convert), (v) => staticValue(dtype, x.dims, v));
}

function where(node: NodeReader, condition: StaticValue): StaticValue | undefined {
  const [a, b] = [node.staticValue(1), node.staticValue(2)];
  const dims = commonDims([condition, a, b]);
  if (!dims || condition.values.some(isName)) return undefined;
  const at = ({ values }: StaticValue, i: number) => values[i % values.length];
  const values = Array.from({ length: sizeOf(dims) }, (_, i) => at(at(condition, i) ? a : b, i));
  return staticValue(a.dtype, dims, values);
}

function constantOfShape(node: NodeReader, x: StaticValue): StaticValue | undefined {
  const size = sizeOf(x.values.map(Number));
  if (!(size <= staticLimit)) return undefined;
  const value = node.tensor("value");
  const fill = value ? Number(value.data[0]) : 0;
  return staticValue(value?.dtype ?? "float32", x.values as number[], Array(size).fill(fill));
}

function range(node: NodeReader, start: StaticValue): StaticValue | undefined {
  const bounds = [start.values[0], node.dims(1)[0], node.dims(2)[0]];
  if (!bounds.every((v) => typeof v === "number")) return undefined;
  const [from, to, step] = bounds;
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= mostElements))
    throw invalidModel(`the range from ${from} to ${to} by ${step} is too long`);
  const values = Array.from({ length }, (_, i) => from + i * step);
  return staticValue(start.dtype, [length], values);
}

function reduceProd(node: NodeReader, x: StaticValue): StaticValue | undefined {
  if (x.dims.length > 1) return undefined;
  const dims = node.int("keepdims", 1) === 1 ? x.dims.map(() => 1) : [];
  return staticValue(x.dtype, dims, [elementCount(x.values)]);
}

/** The largest element of a vector. */
function reduceMax(node: NodeReader, x: StaticValue): StaticValue | undefined {
  if (x.dims.length !== 1 || x.values.length === 0 || x.values.some(isName)) return undefined;
  const axes = node.list("axes", 1);
  if (axes?.length === 0) return undefined;
  const dims = node.int("keepdims", 1) === 1 ? [1] : [];
  const largest = Math.max(...(x.values as number[]));
  return staticValue(x.dtype, dims, [largest]);
}

/** The positions of elements other than 0, `[rank, count]`. */
function nonZero(_: NodeReader, { dims, values }: StaticValue): StaticValue | undefined {
  if (values.some(isName)) return undefined;
  const found = values.flatMap((v, i) => (v === 0 ? [] : [i]));
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  const places = strides.flatMap((stride, axis) =>
    found.map((i) => Math.floor(i / stride) % dims[axis]),
  );
  return staticValue("int64", [dims.length, found.length], places);
}

type Fold = (node: NodeReader, x: StaticValue) => StaticValue | undefined;

const folds: ReadonlyMap<string, Fold> = /* @__PURE__ */ new Map<string, Fold>([
  ["Cast", cast],
  ["Where", where],
  ["ConstantOfShape", constantOfShape],
  ["Range", range],
  ["ReduceProd", reduceProd],
  ["ReduceMax", reduceMax],
  ["NonZero", nonZero],
]);
