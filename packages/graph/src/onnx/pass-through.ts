import { constant, type Expr } from "../expr/expr.ts";
import { foreign, opaqueResult, result } from "../expr/foreign.ts";
import type { ForeignNode } from "../expr/foreign-node.ts";
import { axisOf, type Dim, elementCount, type Shape } from "../expr/shape.ts";
import { tensor } from "../expr/tensor.ts";
import { concat, reshape, slice } from "../ops/arrange/build.ts";
import { cast, mul } from "../ops/elementwise/build.ts";
import { type Facts, resultFacts } from "./foreign-types.ts";
import type { TensorProto } from "./messages.ts";
import type { NodeReader, Reader } from "./node-reader.ts";
import { changedSince } from "./operator-changes.ts";
import { dtypeOf, invalidModel, label, typeName } from "./protobuf.ts";
import type { Declared, OnnxGraph, OnnxNode } from "./read-graph.ts";
import { isStatic, type StaticValue, toExpr, type Value } from "./static-value.ts";

/** The oldest operator set that graphs are written in. */
export const oldestWritten = 13;

/** Where a node stands: its file, and what the file's dynamic dimensions are this time. */
export interface GraphContext {
  readonly graph: OnnxGraph;
  readonly dims: ReadonlyMap<string, Dim>;
}

/** The results of a node that is kept as the file has it; `missing` is what graphs lack. */
export function passThrough(
  c: NodeReader,
  context: GraphContext,
  reader: Reader | undefined,
  missing: ForeignNode["missing"],
): Value[] {
  const { node } = c;
  const version = versionOf(node, context.graph);
  const inputs = node.inputs.flatMap((name, i) =>
    name === "" ? [] : [operandOf(c.value(i), c, context)],
  );
  const made = foreign(
    {
      domain: node.domain,
      opType: node.opType,
      version,
      attributes: attributesOf(node),
      operands: node.inputs.map((name) => name !== ""),
      results: node.outputs.map((name) => name !== ""),
      missing,
    },
    inputs,
  );
  const facts = resultFacts(c, reader);
  return node.outputs.map((name, i): Value => {
    const declared = context.graph.declared.get(name);
    const type = facts[i]?.type ?? declared?.type;
    const shape = facts[i]?.shape ?? declaredShape(declared, context.dims);
    return picked({ type, shape }, made, i);
  });
}

function picked({ type = 0, shape }: Facts, of: ReturnType<typeof foreign>, i: number): Value {
  const dtype = dtypeOf(type);
  if (dtype && shape) return result(of, i, dtype, shape);
  return { opaque: opaqueResult(of, i), ...(type && { type }), ...(shape && { shape }) };
}

/** A tensor of the file of a type that graphs do not have. */
export function foreignConstant(message: TensorProto): Value {
  const type = message.dataType;
  const bytes = message.rawData.length;
  const node: ForeignNode = {
    domain: "",
    opType: "Constant",
    version: oldestWritten,
    attributes: [],
    operands: [],
    results: [true],
    missing: { name: "Constant", reason: `elements of type ${typeName(type)}` },
    tensor: message,
  };
  return {
    opaque: opaqueResult(foreign(node, [], bytes), 0),
    type,
    shape: message.dims.map(Number),
  };
}

function versionOf({ domain, opType }: OnnxNode, { versions }: OnnxGraph): number {
  const version = versions.get(domain);
  if (version === undefined) {
    throw invalidModel(`the model names no operator set for the domain ${label(domain)}`);
  }
  const changed = domain === "" && changedSince(opType, version, oldestWritten);
  if (changed) {
    throw invalidModel(
      `only ONNX Runtime could run it here, but what it means in operator set ${version} changed in ${changed}; give dynamic dimensions a fixed size, or export the model at operator set ${oldestWritten} or above`,
    );
  }
  return version;
}

/** A node's attributes with bytes of their own. @throws GenError `invalid-model` where one points to another file. */
function attributesOf(node: OnnxNode): ForeignNode["attributes"] {
  const attributes = [...node.attributes.values()];
  for (const { name, t, tensors, sparseTensor } of attributes) {
    const all = [t, ...tensors, sparseTensor?.values, sparseTensor?.indices];
    for (const each of all) {
      if (!each) continue;
      if (each.dataLocation !== 0 || each.externalData.length > 0) {
        throw invalidModel(`attribute ${label(name)} keeps its data outside the model`);
      }
      // The file's bytes need not stay in memory for it.
      if (each.rawData.length > 0) each.rawData = each.rawData.slice();
    }
  }
  return attributes;
}

function operandOf(value: Value, c: NodeReader, context: GraphContext): Expr {
  const named = isStatic(value) && !value.tensor && value.values.some((v) => typeof v === "string");
  return named ? vectorOf(value, c, context) : toExpr(value);
}

/** Numbers of which some are dynamic dimensions, worked out when the graph runs. */
function vectorOf(
  { dtype, dims, values }: StaticValue,
  c: NodeReader,
  context: GraphContext,
): Expr {
  const parts = values.map((v) => dimension(v, c, context));
  return cast(reshape(concat(parts, 0), dims), dtype);
}

function dimension(dim: Dim, c: NodeReader, context: GraphContext): Expr {
  if (typeof dim === "number") return constant(tensor([dim], [1], "int64"));
  const source = c.valueWithDim(dim);
  if (source) {
    const axis = axisOf(source.shape, dim);
    const node: ForeignNode = {
      domain: "",
      opType: "Shape",
      version: context.graph.opset,
      attributes: [],
      operands: [true],
      results: [true],
    };
    const whole = result(foreign(node, [source]), 0, "int64", [source.shape.length]);
    return slice(whole, 0, axis, axis + 1);
  }
  const [part, ...rest] = dim.split("*");
  if (rest.length === 0) {
    throw invalidModel(`no value has the dynamic dimension ${dim}; give it a fixed size`);
  }
  const factor = Number.isNaN(Number(part)) ? part : Number(part);
  return mul(dimension(factor, c, context), dimension(rest.join("*"), c, context));
}

/** The declared dimensions where each is a number or follows from the inputs'. */
function declaredShape(
  declared: Declared | undefined,
  dims: ReadonlyMap<string, Dim>,
): Shape | undefined {
  const shape = declared?.shape?.map((d) => {
    if (typeof d !== "string") return d;
    const parts = d.split("*").map((p) => (Number.isNaN(Number(p)) ? dims.get(p) : Number(p)));
    return dims.get(d) ?? (parts.includes(undefined) ? undefined : elementCount(parts as Dim[]));
  });
  return shape?.includes(undefined) ? undefined : (shape as Shape | undefined);
}
