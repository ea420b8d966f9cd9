import type { Expr } from "../expr/expr.ts";
import { shapeText } from "../expr/shape.ts";
import { tensor } from "../expr/tensor.ts";
import type { AttributeInit } from "./messages.ts";
import { domainOf, type OnnxWriter } from "./onnx-writer.ts";
import { elementTypes, float, int, ints, text } from "./protobuf.ts";

/** The operands and attributes of the ONNX node for an expression. */
type Emitter = (
  e: Expr,
  inputs: string[],
  writer: OnnxWriter,
) => [inputs: string[], attributes?: AttributeInit[]];

const numbers = (e: Expr, name: string) => e.attributes[name] as readonly number[];
const number = (e: Expr, name: string) => e.attributes[name] as number;
const alike: Emitter = (_, inputs) => [inputs];

const elementwise =
  "Add Sub Mul Div Pow Max Min Greater Less Equal Neg Exp Log Sqrt Abs Sign Sin Cos Tanh Sigmoid Softplus Relu Erf Floor Where";

const special: Record<string, Emitter> = {
  MatMul: alike,
  GlobalAveragePool: alike,
  Gemm: (e, inputs) => [
    inputs,
    [int("transA", number(e, "transA")), int("transB", number(e, "transB"))],
  ],
  Cast: (e, inputs) => [inputs, [int("to", elementTypes[e.dtype])]],
  Transpose: (e, inputs) => [inputs, [ints("perm", numbers(e, "perm"))]],
  Concat: (e, inputs) => [inputs, [int("axis", number(e, "axis"))]],
  Gather: (e, inputs) => [inputs, [int("axis", number(e, "axis"))]],
  Softmax: (e, inputs) => [inputs, [int("axis", number(e, "axis"))]],
  LayerNormalization: normalization,
  InstanceNormalization: normalization,
  BatchNormalization: normalization,
  Reshape: reshape,
  Expand: expand,
  Slice: (e, [x], writer) => [
    [x, ...["start", "end", "axis", "step"].map((name) => writer.ints([number(e, name)]))],
  ],
  Pad: (e, [x], writer) => {
    const value = number(e, "value");
    const fill = value === 0 ? [] : [writer.constant(tensor([value], [], e.dtype))];
    return [[x, writer.ints(numbers(e, "pads")), ...fill]];
  },
  Conv: (e, inputs) => {
    const stride = number(e, "stride");
    return [
      inputs,
      [
        ints("kernel_shape", e.inputs[1].shape.slice(2) as number[]),
        ints("strides", [stride, stride]),
        ints("pads", numbers(e, "pads")),
        int("group", number(e, "group")),
      ],
    ];
  },
  AveragePool: (e, inputs) => {
    const size = number(e, "size");
    return [inputs, [ints("kernel_shape", [size, size]), ints("strides", [size, size])]];
  },
  Resize: (e, [x], writer) => {
    const scale = number(e, "scale");
    return [
      [x, "", writer.constant(tensor([1, 1, scale, scale]))],
      [
        text("mode", "nearest"),
        text("coordinate_transformation_mode", "asymmetric"),
        text("nearest_mode", "floor"),
      ],
    ];
  },
  ReduceSum: reduce(13),
  ReduceMean: reduce(18),
  ReduceMax: reduce(18),
};

/** An operation of another domain, such as `com.microsoft.nchwc.Conv`, which backends put into graphs. */
const ofDomain: Emitter = (e, inputs) => [
  inputs,
  Object.entries(e.attributes).map(([name, value]) =>
    typeof value === "number" ? int(name, value) : ints(name, value as readonly number[]),
  ),
];

/** The reductions take their axes as an input from opset `since` on, as an attribute before. */
function reduce(since: number): Emitter {
  return (e, [x], writer) => {
    const keep = int("keepdims", number(e, "keepdims"));
    const axes = numbers(e, "axes");
    return writer.opset >= since
      ? [[x, writer.ints(axes)], [keep]]
      : [[x], [ints("axes", axes), keep]];
  };
}

function normalization(e: Expr, inputs: string[]): ReturnType<Emitter> {
  return [inputs, [float("epsilon", number(e, "epsilon"))]];
}

/** A dimension of the operand is copied (0), one other may follow from the rest (-1). */
function reshape(e: Expr, [x]: string[], writer: OnnxWriter): ReturnType<Emitter> {
  const from = e.inputs[0].shape;
  const target = e.shape.map((d, i) => (typeof d === "string" && d === from[i] ? 0 : d));
  const open = target.filter((d) => typeof d === "string");
  if (e.shape.includes(0)) return [[x, writer.shape(e.shape)], [int("allowzero", 1)]];
  if (open.length > 1) return [[x, writer.shape(e.shape)]];
  return [[x, writer.ints(target.map((d) => (typeof d === "string" ? -1 : d)))]];
}

function expand(e: Expr, [x, like]: string[], writer: OnnxWriter): ReturnType<Emitter> {
  if (like !== undefined) return [[x, writer.node("Shape", [like])]];
  const from = e.inputs[0].shape;
  const offset = e.shape.length - from.length;
  // Expand broadcasts both ways, so that a 1 leaves the operand's own dimension.
  return [[x, writer.shape(e.shape.map((d, i) => (d === from[i - offset] ? 1 : d)))]];
}

const emitters = /* @__PURE__ */ new Map<string, Emitter>([
  ...elementwise.split(" ").map((op) => [op, alike] as const),
  ...Object.entries(special),
]);

/** Writes the node of `e`, whose operands have been written, under the name `output`. */
export function emit(writer: OnnxWriter, e: Expr, output?: string): string {
  const emitter = domainOf(e.op) === "" ? emitters.get(e.op) : ofDomain;
  if (!emitter) {
    throw new RangeError(
      `toOnnx: operation ${e.op} of shape ${shapeText(e.shape)} has no ONNX form here`,
    );
  }
  const operands = e.inputs.map((i) => writer.nameOf(i));
  const [inputs, attributes] = emitter(e, operands, writer);
  return writer.node(e.op, inputs, attributes, output);
}
