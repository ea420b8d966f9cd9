import type { ExprOf } from "../expr/expr.ts";
import type { OnnxForms, Op } from "../expr/operations.ts";
import type { AttributeInit } from "./messages.ts";
import type { OnnxWriter } from "./onnx-writer.ts";

/** The operands and attributes of the ONNX node for an expression. */
export type Emitter<O extends Op | keyof OnnxForms> = (
  e: ExprOf<O>,
  inputs: string[],
  writer: OnnxWriter,
) => [inputs: string[], attributes?: AttributeInit[]];

/** An emitter for each of several operations. */
export type Emitters<O extends Op | keyof OnnxForms> = { readonly [P in O]: Emitter<P> };
