import type { AttributeProto, TensorProto } from "../onnx/messages.ts";

/** A node of an ONNX file that is kept as it is, because only ONNX Runtime knows what it computes. */
export interface ForeignNode {
  readonly domain: string;
  readonly opType: string;
  /** The version of its domain's operator set. */
  readonly version: number;
  readonly attributes: readonly AttributeProto[];
  /** Which operands and results are there; the optional ones may be absent. */
  readonly operands: readonly boolean[];
  readonly results: readonly boolean[];
  /** What graphs lack; undefined for a node that is kept because its operands are foreign. */
  readonly missing?: { readonly name: string; readonly reason?: string } | undefined;
  /** What a constant of a foreign type holds. */
  readonly tensor?: TensorProto;
}
