import { type Shape, shapeText } from "./shape.ts";
import { type DType, isFloat, type Tensor, tensor } from "./tensor.ts";

/** A setting of an operation, such as an axis, a permutation or a constant's value. */
export type Attribute = number | string | readonly number[] | Tensor;

/**
 * A value in a computation: an operation of ONNX's vocabulary applied to other expressions.
 * Expressions are immutable and carry their dtype and shape; nothing is computed until a backend runs a graph.
 */
export interface Expr {
  readonly op: string;
  readonly inputs: readonly Expr[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A named input of a graph. */
export interface Input extends Expr {
  readonly op: "Input";
  readonly name: string;
}

/** A named weight. Its value never changes: other weights are other parameters. */
export interface Parameter extends Expr {
  readonly op: "Parameter";
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Tensor;
}

/** An expression, or a number that takes the other operand's dtype. */
export type Operand = Expr | number;

/** What an input looks like: shape `[batch, ...]`, dtype float32 unless told. */
export interface Signature {
  readonly shape: Shape;
  readonly dtype?: DType;
}

export function expr(
  op: string,
  inputs: readonly Expr[],
  shape: Shape,
  attributes: Expr["attributes"] = {},
  dtype: DType = inputs[0].dtype,
): Expr {
  return { op, inputs, attributes, dtype, shape };
}

/** A named input of the given shape and dtype. */
export function input(name: string, { shape, dtype = "float32" }: Signature): Input {
  return { op: "Input", name, inputs: [], attributes: {}, dtype, shape: [...shape] };
}

/** A named weight holding `value`. */
export function parameter(name: string, value: Tensor): Parameter {
  return {
    op: "Parameter",
    name,
    inputs: [],
    attributes: {},
    dtype: value.dtype,
    shape: value.shape,
    value,
  };
}

/** A constant: a number (shape `[]`) or a tensor. */
export function constant(value: number | Tensor, dtype: DType = "float32"): Expr {
  const held = typeof value === "number" ? tensor([value], [], dtype) : value;
  return expr("Constant", [], held.shape, { value: held }, held.dtype);
}

/** Whether an expression is a named input of a graph. */
export const isInput = (e: Expr): e is Input => e.op === "Input";
/** Whether an expression is a named weight. */
export const isParameter = (e: Expr): e is Parameter => e.op === "Parameter";

/** Turns numbers among operands into constants of the expressions' dtype. */
export function operands(op: string, ...values: Operand[]): Expr[] {
  const first = values.find((v) => typeof v !== "number") as Expr | undefined;
  if (!first) throw new TypeError(`${op} needs at least one expression, got only numbers`);
  return values.map((value) => {
    if (typeof value === "number") return constant(value, first.dtype);
    if (value.dtype !== first.dtype) {
      throw new TypeError(
        `${op}: dtypes ${first.dtype} ${shapeText(first.shape)} and ${value.dtype} ${shapeText(value.shape)} differ; use cast`,
      );
    }
    return value;
  });
}

/** @throws TypeError unless `x` holds real numbers. */
export function requireFloat(op: string, x: Expr): void {
  if (!isFloat(x.dtype)) {
    throw new TypeError(
      `${op} needs a float dtype, got ${x.dtype} ${shapeText(x.shape)}; use cast`,
    );
  }
}
