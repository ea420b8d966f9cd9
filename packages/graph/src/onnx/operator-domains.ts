/*
 * The operators that a model file may name: those that exporters write.
 *
 *   "", ai.onnx            ONNX's own operators
 *   com.microsoft          operators that exporters and optimizers write; listed below
 *
 * All other operators of ONNX Runtime are for its own use: an optimizer of the runtime puts them in
 * after all checks, so their kernels trust their operands and may read other memory of the process.
 */
import type { NodeProto } from "./messages.ts";
import { label, unsafeModel } from "./protobuf.ts";

/** A file's domain: ONNX's own has two names. */
export const domainOf = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

/** The names in lines of names. */
export const namesOf = (...lines: string[]): ReadonlySet<string> =>
  new Set(lines.flatMap((line) => line.split(" ")));

/**
 * Operators of `com.microsoft` that exporters, quantizers and offline optimizers write. Each is in
 * docs/ContribOperators.md of ONNX Runtime. Others of that list are left out:
 *
 *   BeamSearch, GreedySearch, Sampling, WhisperBeamSearch run graphs of their own in a loop
 *   DynamicQuantizeLSTM, DynamicQuantizeMatMul, Inverse, MatMulIntegerToFloat, QLinearWhere end
 *   the process when shapes do not fit (random shapes, onnxruntime 1.30 on the CPU, 2026-11-29)
 *   Rfft, Irfft, QLinearReduceMean have no kernel there
 */
const microsoft = /* @__PURE__ */ namesOf(
  "Attention MultiHeadAttention GroupQueryAttention QAttention RotaryEmbedding BiasAdd BiasGelu",
  "BiasSoftmax BiasSplitGelu FastGelu Gelu QuickGelu GroupNorm SkipGroupNorm EmbedLayerNormalization",
  "SkipLayerNormalization SkipSimplifiedLayerNormalization FusedMatMul FusedGemm FusedConv NhwcConv",
  "TransposeMatMul MatMulNBits MatMulBnb4 GatherBlockQuantized QuantizeLinear",
  "DequantizeLinear QGemm QLinearAdd QLinearMul QLinearConcat QLinearSigmoid QLinearLeakyRelu",
  "QLinearSoftmax QLinearAveragePool QLinearGlobalAveragePool GatherND Trilu GridSample",
);

/** Operators in ONNX's own domain that only the runtime may put in. */
const internal = /* @__PURE__ */ namesOf("MemcpyFromHost MemcpyToHost");

/** @throws GenError `unsafe-model` naming a node whose operator exporters do not write. */
export function requirePublicOperator({ name, output, opType, domain }: NodeProto): void {
  const own = domainOf(domain);
  const isPublic =
    own === "" ? !internal.has(opType) : own === "com.microsoft" && microsoft.has(opType);
  if (isPublic) return;
  const what = own === "" ? opType : `${own}.${opType}`;
  const isKnown = own === "" || own === "com.microsoft";
  const got = isKnown ? `the operator ${label(opType)} of` : "an operator of";
  throw unsafeModel(
    `node ${label(name || output[0] || "")} (${opLabel(what)}): a model file may name the operators of ai.onnx and com.microsoft that exporters write; export the model again, without a runtime's own optimizations; got ${got} the domain ${label(domain || "ai.onnx")}`,
  );
}

/** An operation's name as errors print it. */
export const opLabel = (op: string): string => (/^[\w.]{1,80}$/.test(op) ? op : label(op));
