import { type Expr, type ExprOf, isElementwise } from "../expr/expr.ts";
import type { ComputedOp, ElementwiseOp, NormalizeOp, OnnxForms } from "../expr/operations.ts";
import { shapeText } from "../expr/shape.ts";
import { arrangeEmitters } from "../ops/arrange/emit.ts";
import { productEmitters } from "../ops/products/emit.ts";
import { reduceEmitters } from "../ops/reduce/emit.ts";
import type { Emitter, Emitters } from "./emitter.ts";
import type { AttributeInit } from "./messages.ts";
import { domainOf, type OnnxWriter } from "./onnx-writer.ts";
import { elementTypes, float, int, ints } from "./protobuf.ts";

/** Operations of other domains, such as `com.microsoft.nchwc.Conv`. */
type DomainOp = Extract<keyof OnnxForms, `${string}.${string}`>;
/** Elementwise operations have no attributes but for a cast's; `lower` rewrites normalizations. */
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
  GlobalAveragePool: (_, inputs) => [inputs],
  Gemm: ({ attributes: { transA, transB } }, inputs) => [
    inputs,
    [int("transA", transA), int("transB", transB)],
  ],
  LayerNormalization: normalization,
  InstanceNormalization: normalization,
  BatchNormalization: normalization,
};

const emitted = <O extends EmittedOp>(e: ExprOf<O>, inputs: string[], writer: OnnxWriter) =>
  emitters[e.op](e, inputs, writer);

const isEmitted = (e: Expr): e is ExprOf<EmittedOp> => e.op in emitters;
const isOfDomain = (e: Expr): e is ExprOf<DomainOp> => domainOf(e.op) !== "";

const domainAttributes = ({ attributes }: ExprOf<DomainOp>): AttributeInit[] =>
  Object.entries<number | readonly number[]>(attributes).map(([name, value]) =>
    typeof value === "number" ? int(name, value) : ints(name, value),
  );

function nodeOf(e: Expr, inputs: string[], writer: OnnxWriter): ReturnType<typeof emitted> {
  if (isEmitted(e)) return emitted(e, inputs, writer);
  if (isElementwise(e)) return [inputs];
  if (isOfDomain(e)) return [inputs, domainAttributes(e)];
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
