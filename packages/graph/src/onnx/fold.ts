import type { Dim } from "../expr/shape.ts";
import { all, arrangeFolds, count, type Fold, mostElements } from "./fold-arrange.ts";
import type { NodeReader } from "./node-reader.ts";
import { dtypeOf, invalidModel } from "./protobuf.ts";
import {
  type StaticValue,
  staticBinary,
  staticLimit,
  staticUnary,
  staticValue,
} from "./static-value.ts";

/** The result of a call whose operands are all known, or undefined where it has no known result. */
export function fold(call: NodeReader): StaticValue | undefined {
  const { op } = call.node;
  if (!call.has(0)) return undefined;
  const x = call.staticValue(0);
  const binary = staticBinary.get(op);
  if (!binary) return folds.get(op)?.(call, x) ?? unary(op, x);
  return call.operands.length === 2 ? elementwise(op, binary, x, call.staticValue(1)) : undefined;
}

const comparisons = ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or"];

function elementwise(
  op: string,
  f: (a: Dim, b: Dim, dtype: StaticValue["dtype"]) => Dim | undefined,
  a: StaticValue,
  b: StaticValue,
): StaticValue | undefined {
  const dims = commonDims([a, b]);
  if (!dims) return undefined;
  const values = Array.from({ length: count(dims) }, (_, i) =>
    f(a.values[i % a.values.length], b.values[i % b.values.length], a.dtype),
  );
  return all(values, (v) => staticValue(comparisons.includes(op) ? "bool" : a.dtype, dims, v));
}

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

function unary(op: string, { dtype, dims, values }: StaticValue): StaticValue | undefined {
  return all(
    values.map((v) => staticUnary(op, v)),
    (v) => staticValue(dtype, dims, v),
  );
}

function cast(call: NodeReader, x: StaticValue): StaticValue | undefined {
  const dtype = dtypeOf(call.int("to", 0));
  if (dtype === undefined) return undefined;
  const convert = (v: Dim) => {
    if (typeof v === "string") return v;
    if (dtype === "bool") return Number(v !== 0);
    return dtype.startsWith("int") ? Math.trunc(v) : v;
  };
  return staticValue(dtype, x.dims, x.values.map(convert));
}

function where(call: NodeReader, condition: StaticValue): StaticValue | undefined {
  const [a, b] = [call.staticValue(1), call.staticValue(2)];
  const dims = commonDims([condition, a, b]);
  if (!dims || condition.values.some((v) => typeof v === "string")) return undefined;
  const pick = (from: StaticValue, i: number) => from.values[i % from.values.length];
  const values = Array.from({ length: count(dims) }, (_, i) => pick(pick(condition, i) ? a : b, i));
  return staticValue(a.dtype, dims, values);
}

function constantOfShape(call: NodeReader, x: StaticValue): StaticValue | undefined {
  const size = x.values.reduce<number>((a, b) => a * Number(b), 1);
  if (!(size <= staticLimit)) return undefined;
  const value = call.tensor("value");
  const fill = value ? Number(value.data[0]) : 0;
  return staticValue(value?.dtype ?? "float32", x.values as number[], Array(size).fill(fill));
}

function range(call: NodeReader, start: StaticValue): StaticValue | undefined {
  const [from, to, step] = [start.values[0], call.dims(1)[0], call.dims(2)[0]];
  if ([from, to, step].some((v) => typeof v !== "number")) return undefined;
  const [a, b, by] = [from, to, step] as number[];
  const length = Math.max(0, Math.ceil((b - a) / by));
  if (!(length <= mostElements))
    throw invalidModel(`the range from ${a} to ${b} by ${by} is too long`);
  const values = Array.from({ length }, (_, i) => a + i * by);
  return staticValue(start.dtype, [length], values);
}

function reduceProd(call: NodeReader, x: StaticValue): StaticValue | undefined {
  if (x.dims.length > 1) return undefined;
  const product = staticBinary.get("Mul") as (a: Dim, b: Dim, dtype: StaticValue["dtype"]) => Dim;
  const value = x.values.reduce((a, b) => product(a, b, x.dtype), 1);
  return staticValue(x.dtype, call.int("keepdims", 1) === 1 ? x.dims.map(() => 1) : [], [value]);
}

const folds: ReadonlyMap<string, Fold> = /* @__PURE__ */ new Map<string, Fold>([
  ...arrangeFolds,
  ["Cast", cast],
  ["Where", where],
  ["ConstantOfShape", constantOfShape],
  ["Range", range],
  ["ReduceProd", reduceProd],
]);
