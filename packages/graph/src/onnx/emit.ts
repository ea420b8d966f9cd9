import { type Expr, type ExprOf, isElementwise } from "../expr/expr.ts";
import type { ComputedOp, ElementwiseOp, NormalizeOp, OnnxForms } from "../expr/operations.ts";
import { shapeText } from "../expr/shape.ts";
import { arrangeEmitters } from "../ops/arrange/emit.ts";
import { productEmitters } from "../ops/products/emit.ts";
import { reduceEmitters } from "../ops/reduce/emit.ts";
import { asIs, type Emitter, type Emitters } from "./emitter.ts";
import { domainOf, type OnnxWriter } from "./onnx-writer.ts";
import { elementTypes, float, int } from "./protobuf.ts";

/** Operations of other domains, such as `com.microsoft.nchwc.Conv`. */
type DomainOp = Extract<keyof OnnxForms, `${string}.${string}`>;
/** Elementwise operations are written as they are, but for casts; `lower` rewrites normalizations. */
type EmittedOp =
  | Exclude<ComputedOp | keyof OnnxForms, ElementwiseOp | NormalizeOp | DomainOp>
  | "Cast";

const normalization: Emitter<
  "LayerNormalization" | "InstanceNormalization" | "BatchNormalization"
> = ({ attributes }, inputs) => [inputs, [float("epsilon", attributes.epsilon)]];

const emitters: Emitters<EmittedOp> = {
  ...arrangeEmitters,
  ...reduceEmitters,
  ...productEmitters,
  Cast: ({ dtype }, inputs) => [inputs, [int("to", elementTypes[dtype])]],
  GlobalAveragePool: asIs,
  Gemm: asIs,
  LayerNormalization: normalization,
  InstanceNormalization: normalization,
  BatchNormalization: normalization,
};

const emitted = <O extends EmittedOp>(e: ExprOf<O>, inputs: string[], writer: OnnxWriter) =>
  emitters[e.op](e, inputs, writer);

const isEmitted = (e: Expr): e is ExprOf<EmittedOp> => e.op in emitters;
const isOfDomain = (e: Expr): e is ExprOf<DomainOp> => domainOf(e.op) !== "";

function nodeOf(e: Expr, inputs: string[], writer: OnnxWriter): ReturnType<typeof emitted> {
  if (isEmitted(e)) return emitted(e, inputs, writer);
  if (isElementwise(e) || isOfDomain(e)) return asIs(e, inputs);
  throw new RangeError(
    `toOnnx: operation ${e.op} of shape ${shapeText(e.shape)} has no ONNX form here`,
  );
}

/** Writes the node of `e`, whose operands have been written, under the name `output`. */
export function emit(writer: OnnxWriter, e: Expr, output?: string): string {
  const operands = e.inputs.map((i) => writer.nameOf(i));
  const [inputs, attributes] = nodeOf(e, operands, writer);
  return writer.node(e.op, inputs, attributes, output);
}
