/*
 * A computation as data: an expression is an operation of ONNX's vocabulary on other expressions.
 *
 *   e = op(e_1, ..., e_n; attributes)    with a dtype and a shape such as [batch, 2]
 *
 * The builders (`build.ts` in the folders of `ops`) check shapes and make expressions. `trace.ts`
 * collects them into a graph, which is differentiated (`gradients.ts`), evaluated (`evaluate.ts`)
 * or compiled by a backend. One expression by hand:
 *
 *   expr("Add", [x, y], x.shape, {})
 */
import { ArgumentError } from "@gen/math/arguments";
import type { AttributeProto, TensorProto } from "../onnx/messages.ts";
import { GraphError } from "./graph-error.ts";
import type { WholeFile } from "./model-file.ts";
import type { OnnxForms } from "./onnx-forms.ts";
import { type Attributes, type ElementwiseOp, isElementwiseOp } from "./operations.ts";
import { type Shape, shapeText } from "./shape.ts";
import { type DType, isFloat, type Tensor, tensor, tensorNumbers } from "./tensor.ts";

/** The attributes of every operation, ONNX's own forms among them. */
type AllAttributes = Attributes & OnnxForms;

/** What every expression has. */
interface Typed<O extends keyof AllAttributes> {
  /** The name of the operation. */
  readonly op: O;
  /** The operands. */
  readonly inputs: readonly Expr[];
  /** The operation's attributes. */
  readonly attributes: AllAttributes[O];
  /** The type of the elements. */
  readonly dtype: DType;
  /** The dimensions, outermost first. */
  readonly shape: Shape;
}

/** A named input of a graph. */
export interface Input extends Typed<"Input"> {
  /** The input's name. */
  readonly name: string;
}

/** A named weight. Its value never changes: other weights are other parameters. */
export interface Parameter extends Typed<"Parameter"> {
  /** The weight's name. */
  readonly name: string;
  /** The weight's shape. */
  readonly shape: readonly number[];
  /** The weight's numbers. */
  readonly value: Tensor;
}

/** An ONNX model that a runtime opens as it is. The names of its inputs and outputs are in order. */
export interface ModelFile {
  /** The model's file. */
  readonly file: WholeFile;
  /** The files beside it with its weights, by their paths in the model. */
  readonly beside: Readonly<Record<string, WholeFile>>;
  /** The names of its inputs. */
  readonly inputs: readonly string[];
  /** The names of its outputs. */
  readonly outputs: readonly string[];
  /**
   * Its operations on inputs by name, of which large weights are shapes; not in other threads.
   *
   * @param inputs The inputs by name.
   */
  inside?(inputs: Readonly<Record<string, Expr>>): Record<string, Expr>;
}

/** A model in memory that one library runs, such as one of TensorFlow.js. */
export interface LibraryModel {
  /** The library, as the names of its backends begin: `tfjs`. */
  readonly library: string;
  /** What errors call the model. */
  readonly name: string;
  /**
   * Gives the model's result.
   *
   * @param inputs The library's own tensors, in the order of the node's operands.
   */
  run(inputs: readonly never[]): unknown;
}

/** A node that one runtime alone computes: of an ONNX file, or a model of another library. */
export interface ForeignNode {
  /** The operator set that it belongs to; "" is ONNX's own. */
  readonly domain: string;
  /** Its name in this set. */
  readonly opType: string;
  /** The version of its domain's operator set. */
  readonly version: number;
  /** Its attributes, as the file has them. */
  readonly attributes: readonly AttributeProto[];
  /** Which operands and results are present; optional ones may be absent. */
  readonly operands: readonly boolean[];
  /** Which results are present. */
  readonly results: readonly boolean[];
  /** What graphs lack; undefined for a node that is kept because its operands are foreign. */
  readonly missing?:
    | {
        /** The operation that graphs lack. */
        readonly name: string;
        /** Which form of it graphs lack, if they know others. */
        readonly reason?: string;
      }
    | undefined;
  /** The value of a constant whose element type graphs do not have. */
  readonly tensor?: TensorProto;
  /** The file of a node that is a whole model. */
  readonly file?: ModelFile;
  /** The model of a node that another library than ONNX Runtime runs. */
  readonly model?: LibraryModel;
}

/** A foreign node as an expression without a value; `Result` nodes are its values. */
export interface Foreign extends Typed<"Foreign"> {
  /** The node, as the file has it. */
  readonly node: ForeignNode;
}

/** An expression of an operation or of a union: `ExprOf<"Slice">` has a slice's attributes. */
export type ExprOf<O extends keyof AllAttributes> = { [P in O]: Typed<P> }[O];

/**
 * A value in a computation: an operation of ONNX's vocabulary applied to other expressions.
 * Expressions are immutable and carry their dtype and shape; nothing is computed until a backend
 * runs a graph. `op` tells which attributes there are.
 */
export type Expr =
  | Input
  | Parameter
  | Foreign
  | ExprOf<Exclude<keyof AllAttributes, "Input" | "Parameter" | "Foreign">>;

/** An expression, or a number that takes the other operand's dtype. */
export type Operand = Expr | number;

/** What an input looks like: shape `[batch, ...]` and dtype (default float32). */
export interface Signature {
  /** The dimensions; a name stands for any number. */
  readonly shape: Shape;
  /** The type of the elements. @defaultValue "float32" */
  readonly dtype?: DType;
}

/**
 * An expression of operation `op`, without the checks of shapes and dtypes that builders do.
 *
 * @param op The name of the operation.
 * @param inputs The operands.
 * @param shape The shape of the result.
 * @param attributes The operation's attributes.
 * @param dtype The type of the result. Default: that of the first operand.
 */
export function expr<O extends keyof AllAttributes>(
  op: O,
  inputs: readonly Expr[],
  shape: Shape,
  attributes: AllAttributes[O],
  dtype: DType = inputs[0].dtype,
): ExprOf<O> {
  return { op, inputs, attributes, dtype, shape };
}

/**
 * A named input of the given shape and dtype.
 *
 * @param name The input's name in graphs.
 * @param signature Its shape, and its dtype, by default float32.
 */
export function input(name: string, { shape, dtype = "float32" }: Signature): Input {
  return { op: "Input", name, inputs: [], attributes: {}, dtype, shape: [...shape] };
}

/**
 * A named weight holding `value`.
 *
 * @param name The weight's name in files.
 * @param value The weight's numbers.
 * @throws RangeError when the name is no text, or the value no tensor.
 */
export function parameter(name: string, value: Tensor): Parameter {
  if (typeof name !== "string" || typeof value?.dtype !== "string") {
    throw new GraphError("parameter takes a name and a tensor");
  }
  const { dtype, shape } = value;
  return { op: "Parameter", name, inputs: [], attributes: {}, dtype, shape, value };
}

/**
 * A constant: a number (shape `[]`) or a tensor.
 *
 * @param value A number, or a tensor.
 * @param dtype The type of a number. Default: "float32"; a tensor keeps its own.
 */
export function constant(value: number | Tensor, dtype: DType = "float32"): Expr {
  const elements = typeof value === "number" ? tensor([value], [], dtype) : value;
  return expr("Constant", [], elements.shape, { value: elements }, elements.dtype);
}

/** The number that a constant of shape `[]` holds; undefined for any other expression. */
export function scalarOf(x: Expr): number | undefined {
  if (x.op !== "Constant" || x.shape.length > 0) return undefined;
  return tensorNumbers(x.attributes.value)[0];
}

/**
 * Whether an expression is a named input of a graph.
 *
 * @param e The expression.
 */
export const isInput = (e: Expr): e is Input => e.op === "Input";
/**
 * Whether an expression is a named weight.
 *
 * @param e The expression.
 */
export const isParameter = (e: Expr): e is Parameter => e.op === "Parameter";

/**
 * Whether an expression is computed element by element, from operands that broadcast.
 *
 * @param e The expression.
 */
export const isElementwise = (e: Expr): e is ExprOf<ElementwiseOp> => isElementwiseOp(e.op);

/**
 * Operands with numbers turned into constants of the expressions' dtype.
 * @throws RangeError when all are numbers or the dtypes differ.
 */
export function operands(op: string, ...values: Operand[]): Expr[] {
  const first = values.find((v) => typeof v !== "number") as Expr | undefined;
  if (!first) throw new GraphError(`${op} needs at least one expression, got only numbers`);
  return values.map((value) => {
    if (typeof value === "number") return constant(value, first.dtype);
    if (value.dtype !== first.dtype) {
      throw new ArgumentError(
        `${op}: dtypes ${first.dtype} ${shapeText(first.shape)} and ${value.dtype} ${shapeText(value.shape)} differ; use cast`,
      );
    }
    return value;
  });
}

/** @throws RangeError unless `x` holds real numbers. */
export function requireFloat(op: string, x: Expr): void {
  if (isFloat(x.dtype)) return;
  throw new ArgumentError(
    `${op} needs a float dtype, got ${x.dtype} ${shapeText(x.shape)}; use cast`,
  );
}
