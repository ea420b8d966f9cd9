import { constant, type Expr, isParameter } from "../expr/expr.ts";
import type { Dim, Shape } from "../expr/shape.ts";
import { type DType, isFloat, type Tensor, tensor, tensorNumbers } from "../expr/tensor.ts";
import { invalidModel, unsupported } from "./protobuf.ts";
import { isShapeAlone } from "./read-tensor.ts";

/**
 * A small tensor whose elements are known while a model is read; an element may be a dynamic
 * dimension's name. Exporters compute shapes with such tensors.
 */
export interface StaticValue {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly values: readonly Dim[];
  /** The tensor of the file, whose int64 elements may have more digits than numbers. */
  readonly tensor?: Tensor;
}

/** A value whose dtype or shape expressions lack; nodes that use it stay as in the file. */
export interface Opaque {
  readonly opaque: Expr;
  /** ONNX's element type, where it is known. */
  readonly type?: number;
  readonly shape?: Shape;
}

export type Value = Expr | StaticValue | Opaque;

export const isStatic = (value: Value): value is StaticValue => "values" in value;
export const isOpaque = (value: Value): value is Opaque => "opaque" in value;

/** The most elements of a static value; larger tensors are ordinary constants. */
export const staticLimit = 4096;

export function staticValue(
  dtype: DType,
  dims: readonly number[],
  values: readonly Dim[],
  tensor?: Tensor,
): StaticValue {
  const round = dtype === "float32" ? Math.fround : isFloat(dtype) ? (v: number) => v : whole;
  const rounded = values.map((v) => (typeof v === "number" ? round(v) : v));
  return tensor ? { dtype, dims, values: rounded, tensor } : { dtype, dims, values: rounded };
}

/** An integer as ONNX Runtime computes it, such as 2 to the power of -1. */
function whole(value: number): number {
  if (Number.isFinite(value)) return Math.trunc(value);
  throw invalidModel(`computes the integer ${value}`);
}

/** A tensor as a static value; undefined above {@link staticLimit} elements. */
export const staticTensor = (value: Tensor): StaticValue | undefined =>
  value.data.length > staticLimit || isShapeAlone(value)
    ? undefined
    : staticValue(value.dtype, value.shape, Array.from(tensorNumbers(value)), value);

/** The elements of a static value, a constant or a weight; undefined for any other value. */
export function staticOf(value: Value): StaticValue | undefined {
  if (isStatic(value)) return value;
  if (isOpaque(value)) return undefined;
  if (isParameter(value)) return staticTensor(value.value);
  return value.op === "Constant" ? staticTensor(value.attributes.value) : undefined;
}

/**
 * A value as an expression.
 * @throws GenError `unsupported-operation` when an element is a dynamic dimension.
 */
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
