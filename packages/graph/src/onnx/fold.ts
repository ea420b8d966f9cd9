import type { Dim } from "../expr/shape.ts";
import type { Call } from "./call.ts";
import { all, arrangeFolds, count, type Fold, mostElements } from "./fold-arrange.ts";
import { type Known, known, knownBinary, knownLimit, knownUnary } from "./known.ts";
import { dtypeOf, invalidModel } from "./protobuf.ts";

/** The result of a call whose operands are all known, or undefined where it has no known result. */
export function fold(call: Call): Known | undefined {
  const { op } = call.node;
  if (!call.has(0)) return undefined;
  const x = call.known(0);
  const binary = knownBinary.get(op);
  if (!binary) return folds.get(op)?.(call, x) ?? unary(op, x);
  return call.operands.length === 2 ? elementwise(op, binary, x, call.known(1)) : undefined;
}

const comparisons = ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or"];

function elementwise(
  op: string,
  f: (a: Dim, b: Dim, dtype: Known["dtype"]) => Dim | undefined,
  a: Known,
  b: Known,
): Known | undefined {
  const dims = commonDims([a, b]);
  if (!dims) return undefined;
  const values = Array.from({ length: count(dims) }, (_, i) =>
    f(a.values[i % a.values.length], b.values[i % b.values.length], a.dtype),
  );
  return all(values, (v) => known(comparisons.includes(op) ? "bool" : a.dtype, dims, v));
}

/** The dimensions of operands that are alike or single elements; undefined for other broadcasts. */
function commonDims(operands: readonly Known[]): readonly number[] | undefined {
  const [first, ...rest] = [...operands].sort(
    (a, b) => b.values.length - a.values.length || b.dims.length - a.dims.length,
  );
  const fits = rest.every((o) =>
    o.values.length === 1 ? o.dims.length <= first.dims.length : `${o.dims}` === `${first.dims}`,
  );
  return fits && first.values.length > 0 ? first.dims : undefined;
}

function unary(op: string, { dtype, dims, values }: Known): Known | undefined {
  return all(
    values.map((v) => knownUnary(op, v)),
    (v) => known(dtype, dims, v),
  );
}

function cast(call: Call, x: Known): Known | undefined {
  const dtype = dtypeOf(call.int("to", 0));
  if (dtype === undefined) return undefined;
  const convert = (v: Dim) => {
    if (typeof v === "string") return v;
    if (dtype === "bool") return Number(v !== 0);
    return dtype.startsWith("int") ? Math.trunc(v) : v;
  };
  return known(dtype, x.dims, x.values.map(convert));
}

function where(call: Call, condition: Known): Known | undefined {
  const [a, b] = [call.known(1), call.known(2)];
  const dims = commonDims([condition, a, b]);
  if (!dims || condition.values.some((v) => typeof v === "string")) return undefined;
  const pick = (from: Known, i: number) => from.values[i % from.values.length];
  const values = Array.from({ length: count(dims) }, (_, i) => pick(pick(condition, i) ? a : b, i));
  return known(a.dtype, dims, values);
}

function constantOfShape(call: Call, x: Known): Known | undefined {
  const size = x.values.reduce<number>((a, b) => a * Number(b), 1);
  if (!(size <= knownLimit)) return undefined;
  const value = call.tensor("value");
  const fill = value ? Number(value.data[0]) : 0;
  return known(value?.dtype ?? "float32", x.values as number[], Array(size).fill(fill));
}

function range(call: Call, start: Known): Known | undefined {
  const [from, to, step] = [start.values[0], call.dims(1)[0], call.dims(2)[0]];
  if ([from, to, step].some((v) => typeof v !== "number")) return undefined;
  const [a, b, by] = [from, to, step] as number[];
  const length = Math.max(0, Math.ceil((b - a) / by));
  if (!(length <= mostElements))
    throw invalidModel(`the range from ${a} to ${b} by ${by} is too long`);
  const values = Array.from({ length }, (_, i) => a + i * by);
  return known(start.dtype, [length], values);
}

function reduceProd(call: Call, x: Known): Known | undefined {
  if (x.dims.length > 1) return undefined;
  const product = knownBinary.get("Mul") as (a: Dim, b: Dim, dtype: Known["dtype"]) => Dim;
  const value = x.values.reduce((a, b) => product(a, b, x.dtype), 1);
  return known(x.dtype, call.int("keepdims", 1) === 1 ? x.dims.map(() => 1) : [], [value]);
}

const folds: ReadonlyMap<string, Fold> = /* @__PURE__ */ new Map<string, Fold>([
  ...arrangeFolds,
  ["Cast", cast],
  ["Where", where],
  ["ConstantOfShape", constantOfShape],
  ["Range", range],
  ["ReduceProd", reduceProd],
]);
