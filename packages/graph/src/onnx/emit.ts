/*
 * The ONNX form of every operation: a row of `emitters` gives a node's operands and attributes.
 *
 *   Slice with { start, end, axis, step } -> Slice(x, [start], [end], [axis], [step])
 */

import { type Expr, type ExprOf, isElementwise } from "../expr/expr.ts";
import { GraphError } from "../expr/graph-error.ts";
import type { OnnxForms } from "../expr/onnx-forms.ts";
import type { ComputedOp, ElementwiseOp, NormalizeOp, Op } from "../expr/operations.ts";
import { shapeText } from "../expr/shape.ts";
import { tensor } from "../expr/tensor.ts";
import type { AttributeInit } from "./messages.ts";
import { domainOf, type OnnxWriter } from "./onnx-writer.ts";
import { elementTypes, float, int, ints, text } from "./protobuf.ts";

/** Operations of other domains, such as `com.microsoft.nchwc.Conv`. */
type DomainOp = Extract<keyof OnnxForms, `${string}.${string}`>;
/** Elementwise operations but casts are written as they are; `lower` rewrites normalizations. */
type EmittedOp =
  | Exclude<ComputedOp | keyof OnnxForms, ElementwiseOp | NormalizeOp | DomainOp>
  | "Cast";

/** The operands and attributes of the ONNX node for an expression. */
type Emitter<O extends Op | keyof OnnxForms> = (
  e: ExprOf<O>,
  inputs: string[],
  writer: OnnxWriter,
) => [inputs: string[], attributes?: AttributeInit[]];

/** The integer attributes under the same names, which are ONNX's. */
const asIs = (
  { attributes }: { readonly attributes: Readonly<Record<string, number | readonly number[]>> },
  inputs: string[],
): ReturnType<Emitter<Op>> => [
  inputs,
  Object.entries(attributes).map(([name, value]) =>
    typeof value === "number" ? int(name, value) : ints(name, value),
  ),
];

/** A target of 0 copies the operand's dimension; one target may be -1 and follows from the rest. */
const reshape: Emitter<"Reshape"> = (e, [x], writer) => {
  const from = e.inputs[0].shape;
  const target = e.shape.map((d, i) => (typeof d === "number" ? d : d === from[i] ? 0 : -1));
  if (e.shape.includes(0)) return [[x, writer.shape(e.shape)], [int("allowzero", 1)]];
  const isOpen = target.filter((d) => d === -1).length > 1;
  return [[x, isOpen ? writer.shape(e.shape) : writer.ints(target)]];
};

const expand: Emitter<"Expand"> = (e, [x, like], writer) => {
  if (like !== undefined) return [[x, writer.node("Shape", [like])]];
  const from = e.inputs[0].shape;
  const offset = e.shape.length - from.length;
  // Expand broadcasts both ways: a 1 keeps the operand's own dimension.
  return [[x, writer.shape(e.shape.map((d, i) => (d === from[i - offset] ? 1 : d)))]];
};

/** Reductions take their axes as an input from opset `since` on, as an attribute before. */
const reduce =
  (since: number): Emitter<"ReduceSum" | "ReduceMean" | "ReduceMax"> =>
  ({ attributes: { axes, keepdims } }, [x], writer) => {
    const keep = int("keepdims", keepdims);
    if (writer.opset < since) return [[x], [ints("axes", axes), keep]];
    return [[x, writer.ints(axes)], [keep]];
  };

const normalization: Emitter<
  "LayerNormalization" | "InstanceNormalization" | "BatchNormalization"
> = ({ attributes }, inputs) => [inputs, [float("epsilon", attributes.epsilon)]];

const emitters: { readonly [P in EmittedOp]: Emitter<P> } = {
  Reshape: reshape,
  Transpose: asIs,
  Concat: asIs,
  Slice: ({ attributes: { start, end, axis, step } }, [x], writer) => [
    [x, ...[start, end, axis, step].map((value) => writer.ints([value]))],
  ],
  Pad: ({ attributes: { pads, value }, dtype }, [x], writer) => {
    const fill = value === 0 ? [] : [writer.constant(tensor([value], [], dtype))];
    return [[x, writer.ints(pads), ...fill]];
  },
  Expand: expand,
  Gather: asIs,
  ReduceSum: reduce(13),
  ReduceMean: reduce(18),
  ReduceMax: reduce(18),
  Softmax: asIs,
  /** Without transposes, which `lower` turns into other nodes. */
  MatMul: (_, inputs) => [inputs],
  Conv: ({ attributes: { stride, dilation, pads, group }, inputs: [, weight] }, inputs) => [
    inputs,
    [
      ints("kernel_shape", weight.shape.slice(2) as number[]),
      ints("strides", [stride, stride]),
      ...(dilation === 1 ? [] : [ints("dilations", [dilation, dilation])]),
      ints("pads", pads),
      int("group", group),
    ],
  ],
  AveragePool: ({ attributes: { size } }, inputs) => [
    inputs,
    [ints("kernel_shape", [size, size]), ints("strides", [size, size])],
  ],
  Resize: ({ attributes: { scale } }, [x], writer) => [
    [x, "", writer.constant(tensor([1, 1, scale, scale]))],
    [
      text("mode", "nearest"),
      text("coordinate_transformation_mode", "asymmetric"),
      text("nearest_mode", "floor"),
    ],
  ],
  Cast: ({ dtype }, inputs) => [inputs, [int("to", elementTypes[dtype])]],
  GlobalAveragePool: asIs,
  ConvNd: asIs,
  Gemm: asIs,
  LayerNormalization: normalization,
  InstanceNormalization: normalization,
  BatchNormalization: normalization,
};

const isOfDomain = (e: Expr): e is ExprOf<DomainOp> => domainOf(e.op) !== "";

function nodeOf(e: Expr, inputs: string[], writer: OnnxWriter): ReturnType<Emitter<Op>> {
  if (e.op in emitters)
    return (emitters[e.op as EmittedOp] as Emitter<Op>)(e as never, inputs, writer);
  if (isElementwise(e) || isOfDomain(e)) return asIs(e, inputs);
  throw new GraphError(
    `toOnnx: operation ${e.op} of shape ${shapeText(e.shape)} has no ONNX form here`,
  );
}

/** Writes the node of `e` under the name `output`; its operands are already written. */
export function emit(writer: OnnxWriter, e: Expr, output?: string): string {
  const operands = e.inputs.map((i) => writer.nameOf(i));
  const [inputs, attributes] = nodeOf(e, operands, writer);
  return writer.node(e.op === "ConvNd" ? "Conv" : e.op, inputs, attributes, output);
}
