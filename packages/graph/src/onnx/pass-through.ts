import { constant, type Expr, type ForeignNode } from "../expr/expr.ts";
import { foreign, opaqueResult, result } from "../expr/foreign.ts";
import { axisOf, type Dim, dimParts, elementCount, type Shape } from "../expr/shape.ts";
import { tensor } from "../expr/tensor.ts";
import { concat, reshape, slice } from "../ops/arrange/build.ts";
import { cast, mul } from "../ops/elementwise/build.ts";
import { resultFacts } from "./foreign-types.ts";
import type { TensorProto } from "./messages.ts";
import type { GraphContext, NodeReader, Reader } from "./node-reader.ts";
import { changedSince, OLDEST_WRITTEN } from "./operator-versions.ts";
import { dtypeOf, invalidModel, label, typeName } from "./protobuf.ts";
import type { OnnxGraph, OnnxNode } from "./read-graph.ts";
import { isStatic, toExpr, type Value } from "./static-value.ts";

/** The results of a node that stays as it is in the file; `missing` says what graphs lack. */
export function passThrough(
  read: NodeReader,
  reader: Reader | undefined,
  missing: ForeignNode["missing"],
): Value[] {
  const { source, context } = read;
  const { domain, opType } = source;
  const version = versionOf(source, context.graph);
  const present = [...source.inputs.keys()].filter((i) => source.inputs[i] !== "");
  const inputs = present.map((i) => operandOf(read.value(i), context));
  const attributes = attributesOf(source);
  // ONNX Runtime 1.30 dies of a LayerNormalization with an empty name in place of its bias.
  const count = opType === "LayerNormalization" ? present.length : source.inputs.length;
  const operands = source.inputs.slice(0, count).map((name) => name !== "");
  const results = source.outputs.map((name) => name !== "");
  const node = { domain, opType, version, attributes, operands, results, missing };
  const kept = foreign(node, inputs);
  const facts = resultFacts(read, reader);
  return source.outputs.map((name, i): Value => {
    const type = facts[i]?.type ?? context.graph.declared.get(name)?.type;
    const shape = facts[i]?.shape ?? declaredShape(name, context);
    const dtype = dtypeOf(type ?? 0);
    if (dtype && shape) return result(kept, i, dtype, shape);
    return { opaque: opaqueResult(kept, i), ...(type && { type }), ...(shape && { shape }) };
  });
}

/** A tensor of the file whose element type graphs do not have. */
export function foreignConstant(message: TensorProto): Value {
  const { dataType: type, dims, rawData } = message;
  const missing = { name: "Constant", reason: `elements of type ${typeName(type)}` };
  const node = { ...onnxNode("Constant", OLDEST_WRITTEN, []), missing, tensor: message };
  const opaque = opaqueResult(foreign(node, [], rawData.length), 0);
  return { opaque, type, shape: dims.map(Number) };
}

/** A node of ONNX's own domain with one result. */
const onnxNode = (opType: string, version: number, operands: readonly boolean[]): ForeignNode => ({
  domain: "",
  opType,
  version,
  attributes: [],
  operands,
  results: [true],
});

function versionOf({ domain, opType }: OnnxNode, { versions }: OnnxGraph): number {
  const version = versions.get(domain);
  if (version === undefined) {
    throw invalidModel(`the model names no operator set for the domain ${label(domain)}`);
  }
  const changed = domain === "" && changedSince(opType, version, OLDEST_WRITTEN);
  if (changed) {
    throw invalidModel(
      `only ONNX Runtime could run it here, but what it means in operator set ${version} changed in ${changed}; give dynamic dimensions a fixed size, or export the model at operator set ${OLDEST_WRITTEN} or above`,
    );
  }
  return version;
}

/**
 * A node's attributes with copies of their bytes.
 * @throws GenError `invalid-model` when an attribute's data are in another file.
 */
function attributesOf(node: OnnxNode): ForeignNode["attributes"] {
  const attributes = [...node.attributes.values()];
  for (const { name, t, tensors, sparseTensor } of attributes) {
    for (const each of [t, ...tensors, sparseTensor?.values, sparseTensor?.indices]) {
      if (!each) continue;
      if (each.dataLocation !== 0 || each.externalData.length > 0) {
        throw invalidModel(`attribute ${label(name)} keeps its data outside the model`);
      }
      // A copy, so that the file's bytes need not stay in memory.
      if (each.rawData.length > 0) each.rawData = new Uint8Array(each.rawData);
    }
  }
  return attributes;
}

/** A value as an operand; elements that are dynamic dimensions are computed when the graph runs. */
function operandOf(value: Value, context: GraphContext): Expr {
  if (!isStatic(value) || value.tensor || !value.values.some((v) => typeof v === "string")) {
    return toExpr(value);
  }
  const parts = value.values.map((v) => dimension(v, context));
  return cast(reshape(concat(parts, 0), value.dims), value.dtype);
}

/** A dimension as an int64 vector of one element. */
function dimension(dim: Dim, context: GraphContext): Expr {
  if (typeof dim === "number") return constant(tensor([dim], [1], "int64"));
  const source = context.valueWithDim(dim);
  if (source) {
    const axis = axisOf(source.shape, dim);
    const node = onnxNode("Shape", context.graph.opset, [true]);
    const shape = result(foreign(node, [source]), 0, "int64", [source.shape.length]);
    return slice(shape, 0, axis, axis + 1);
  }
  const [first, ...rest] = dimParts(dim);
  if (rest.length === 0) {
    throw invalidModel(`no value has the dynamic dimension ${dim}; give it a fixed size`);
  }
  return mul(dimension(first, context), dimension(rest.join("*"), context));
}

/** The declared shape of a value where each dimension is a number or follows from the inputs'. */
function declaredShape(name: string, { graph, dims }: GraphContext): Shape | undefined {
  const shape = graph.declared.get(name)?.shape?.map((d) => {
    if (typeof d !== "string") return d;
    const parts = dimParts(d).map((part) => (typeof part === "string" ? dims.get(part) : part));
    return dims.get(d) ?? (parts.includes(undefined) ? undefined : elementCount(parts as Dim[]));
  });
  return shape?.includes(undefined) ? undefined : (shape as Shape | undefined);
}
