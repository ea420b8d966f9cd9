import { constant, type Expr, isParameter } from "../expr/expr.ts";
import { type Dim, divideDims, elementCount, type Shape } from "../expr/shape.ts";
import { type DType, isFloat, type Tensor, tensor, tensorNumbers } from "../expr/tensor.ts";
import { unsupported } from "./protobuf.ts";

/**
 * A small tensor whose elements are known while a model is read, some perhaps only by name:
 * the arithmetic of shapes that exporters write around dynamic dimensions.
 */
export interface StaticValue {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly values: readonly Dim[];
  /** The tensor of the file that it is, with digits that numbers do not have. */
  readonly tensor?: Tensor;
}

/** A value of no dtype or no shape that expressions have; nodes that use it stay as they are in the file. */
export interface Opaque {
  readonly opaque: Expr;
  /** ONNX's element type and the dimensions, where they are known. */
  readonly type?: number;
  readonly shape?: Shape;
}

export type Value = Expr | StaticValue | Opaque;

export const isStatic = (value: Value): value is StaticValue => "values" in value;
export const isOpaque = (value: Value): value is Opaque => "opaque" in value;

/** More elements than this stay ordinary constants. */
export const staticLimit = 4096;

export function staticValue(
  dtype: DType,
  dims: readonly number[],
  values: readonly Dim[],
): StaticValue {
  const round = dtype === "float32" ? Math.fround : (v: number) => v;
  return { dtype, dims, values: values.map((v) => (typeof v === "number" ? round(v) : v)) };
}

/** A tensor's elements where they are few enough. */
export const staticTensor = (value: Tensor): StaticValue | undefined =>
  value.data.length > staticLimit
    ? undefined
    : { ...staticValue(value.dtype, value.shape, Array.from(tensorNumbers(value))), tensor: value };

/** The elements of `value` where they are fixed: a known value, a constant or a weight. */
export function staticOf(value: Value): StaticValue | undefined {
  if (isStatic(value)) return value;
  if (isOpaque(value)) return undefined;
  if (isParameter(value)) return staticTensor(value.value);
  return value.op === "Constant" ? staticTensor(value.attributes.value) : undefined;
}

/** A value as an expression. @throws GenError `unsupported-operation` where an element is a dynamic dimension. */
export function toExpr(value: Value): Expr {
  if (isOpaque(value)) return value.opaque;
  if (!isStatic(value)) return value;
  if (value.tensor) return constant(value.tensor);
  const name = value.values.find((v) => typeof v === "string");
  if (name !== undefined) {
    throw unsupported(`needs the number of the dynamic dimension ${name}; give it a fixed size`);
  }
  return constant(tensor(value.values as number[], value.dims, value.dtype));
}

type Binary = (a: Dim, b: Dim, dtype: DType) => Dim | undefined;
const onNumbers =
  (f: (a: number, b: number) => number | boolean): Binary =>
  (a, b) =>
    typeof a === "number" && typeof b === "number" ? Number(f(a, b)) : undefined;

/** Arithmetic on elements; undefined where the result has no name. */
export const staticBinary: ReadonlyMap<string, Binary> = /* @__PURE__ */ new Map<string, Binary>([
  [
    "Mul",
    (a, b) => (typeof a === "number" && typeof b === "number" ? a * b : elementCount([a, b])),
  ],
  ["Div", divide],
  ["Add", (a, b) => (a === 0 ? b : b === 0 ? a : sum(a, b))],
  ["Sub", (a, b) => (b === 0 ? a : a === b ? 0 : onNumbers((x, y) => x - y)(a, b, "int64"))],
  ["Mod", onNumbers((a, b) => a - b * Math.floor(a / b))],
  ["Pow", onNumbers((a, b) => a ** b)],
  ["Min", (a, b) => (a === b ? a : onNumbers(Math.min)(a, b, "int64"))],
  ["Max", (a, b) => (a === b ? a : a === 1 ? b : b === 1 ? a : onNumbers(Math.max)(a, b, "int64"))],
  ["Equal", equal],
  [
    "Greater",
    (a, b) =>
      typeof a === "string" && Number(b) < 0 ? 1 : onNumbers((x, y) => x > y)(a, b, "int64"),
  ],
  [
    "Less",
    (a, b) =>
      typeof a === "string" && Number(b) <= 0 ? 0 : onNumbers((x, y) => x < y)(a, b, "int64"),
  ],
  ["GreaterOrEqual", onNumbers((a, b) => a >= b)],
  ["LessOrEqual", onNumbers((a, b) => a <= b)],
  ["And", onNumbers((a, b) => a !== 0 && b !== 0)],
  ["Or", onNumbers((a, b) => a !== 0 || b !== 0)],
]);

function divide(a: Dim, b: Dim, dtype: DType): Dim | undefined {
  if (typeof a !== "number" || typeof b !== "number") return divideDims([a], [b]);
  return isFloat(dtype) ? a / b : Math.trunc(a / b);
}

function sum(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === "number" && typeof b === "number") return a + b;
  return a === b ? elementCount([2, a]) : undefined;
}

function equal(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1;
  if (typeof a === typeof b) return typeof a === "number" ? 0 : undefined;
  // A dimension is not negative.
  return Number(typeof a === "number" ? a : b) < 0 ? 0 : undefined;
}

type Unary = (a: number) => number;
const keepsDimension = ["Floor", "Ceil", "Abs", "Identity", "Round"];
const unary: ReadonlyMap<string, Unary> = /* @__PURE__ */ new Map<string, Unary>([
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

/** One element under a unary operation; undefined where there is no such operation or result. */
export function staticUnary(op: string, a: Dim): Dim | undefined {
  const f = unary.get(op);
  if (typeof a === "number") return f?.(a);
  return keepsDimension.includes(op) ? a : undefined;
}
