import type { ExprOf } from "../expr/expr.ts";
import type { OnnxForms, Op } from "../expr/operations.ts";
import type { AttributeInit } from "./messages.ts";
import type { OnnxWriter } from "./onnx-writer.ts";
import { int, ints } from "./protobuf.ts";

/** The operands and attributes of the ONNX node for an expression. */
export type Emitter<O extends Op | keyof OnnxForms> = (
  e: ExprOf<O>,
  inputs: string[],
  writer: OnnxWriter,
) => [inputs: string[], attributes?: AttributeInit[]];

/** An emitter for each of several operations. */
export type Emitters<O extends Op | keyof OnnxForms> = { readonly [P in O]: Emitter<P> };

/** Integer attributes are ONNX's own, with the same names. */
export const asIs = (
  { attributes }: { readonly attributes: Readonly<Record<string, number | readonly number[]>> },
  inputs: string[],
): ReturnType<Emitter<Op>> => [
  inputs,
  Object.entries(attributes).map(([name, value]) =>
    typeof value === "number" ? int(name, value) : ints(name, value),
  ),
];
