import { errorCode } from "@gen/math";
import {
  constant,
  type Expr,
  input,
  type Parameter,
  parameter,
  type Signature,
} from "../expr/expr.ts";
import type { ComputedOp } from "../expr/operations.ts";
import { axisOf, type Dim, type Shape, shapeText } from "../expr/shape.ts";
import { arrangeReaders } from "../ops/arrange/read.ts";
import { sliceReaders } from "../ops/arrange/read-slice.ts";
import { elementwiseReaders } from "../ops/elementwise/read.ts";
import { normalizeReaders } from "../ops/normalize/read.ts";
import { productReaders } from "../ops/products/read.ts";
import { poolReaders } from "../ops/products/read-pool.ts";
import { reduceReaders } from "../ops/reduce/read.ts";
import { fold } from "./fold.ts";
import { NodeReader, type Reader, type Readers } from "./node-reader.ts";
import { foreignConstant, type GraphContext, passThrough } from "./pass-through.ts";
import { dtypeOf, invalidModel, label, typeName, unsupported } from "./protobuf.ts";
import { constantReaders } from "./read-constant.ts";
import { type OnnxGraph, type OnnxReadOptions, opLabel, readGraph } from "./read-graph.ts";
import {
  isOpaque,
  isStatic,
  type Opaque,
  staticTensor,
  toExpr,
  type Value,
} from "./static-value.ts";

/** A model read from a file: a function over expressions. */
export interface OnnxModel {
  /** The inputs in the file's order; dynamic dimensions are names such as `batch`. */
  readonly signature: Readonly<Record<string, Required<Signature>>>;
  readonly outputNames: readonly string[];
  /** The weights, named as in the file; `apply` uses these very ones. */
  readonly parameters: readonly Parameter[];
  /**
   * The outputs for inputs of any shapes that fit the signature; dynamic dimensions may be fixed or stay names.
   * @throws GenError `invalid-model` naming the input that does not fit, or the node that cannot be rebuilt, with the reason.
   */
  apply(inputs: Readonly<Record<string, Expr>>): Record<string, Expr>;
}

const table: Readers<ComputedOp> = {
  ...constantReaders,
  ...elementwiseReaders,
  ...arrangeReaders,
  ...sliceReaders,
  ...reduceReaders,
  ...productReaders,
  ...poolReaders,
  ...normalizeReaders,
};
// A map, because names come from files.
const readers: ReadonlyMap<string, Reader> = new Map(Object.entries(table));

/**
 * Reads an ONNX model of operator set 7 to 21: initializers of floats become parameters,
 * what an exporter computes from shapes is worked out, also where dimensions stay dynamic.
 *
 * Operations that graphs do not have, and those on numbers of other types (a quantized model's), are kept as
 * they are in the file: ONNX Runtime runs them, see {@link foreignOperations}.
 * @throws GenError `invalid-model` in one line when the bytes are not a sound model, the model is above `limit`,
 * or it has branches, loops or functions of its own (all of them are named).
 */
export function fromOnnx(bytes: Uint8Array, options: OnnxReadOptions = {}): OnnxModel {
  const graph = readGraph(bytes, options);
  const given = new Map<string, Value>();
  const parameters: Parameter[] = [];
  for (const [name, { tensor, constant: fixed }] of graph.initializers) {
    if (fixed || !tensor.dtype.startsWith("float")) {
      given.set(name, staticTensor(tensor) ?? constant(tensor));
    } else {
      const weight = parameter(name, tensor);
      parameters.push(weight);
      given.set(name, weight);
    }
  }
  for (const [name, message] of graph.foreign) given.set(name, foreignConstant(message));
  const { signature, outputNames } = graph;
  return { signature, outputNames, parameters, apply: (inputs) => apply(graph, given, inputs) };
}

function apply(
  graph: OnnxGraph,
  given: ReadonlyMap<string, Value>,
  inputs: Readonly<Record<string, Expr>>,
): Record<string, Expr> {
  const values = new Map(given);
  const dims = new Map<string, Dim>();
  for (const [name, value] of bind(graph.signature, inputs, dims)) values.set(name, value);
  const context = { graph, dims };
  const valueWithDim = (dim: string) => {
    for (const value of values.values()) {
      if (!isStatic(value) && !isOpaque(value) && axisOf(value.shape, dim) >= 0) return value;
    }
    return undefined;
  };
  for (const node of graph.nodes) {
    try {
      const operands = node.inputs.map((name) => values.get(name));
      const made = results(new NodeReader(node, graph.opset, operands, valueWithDim), context);
      node.outputs.forEach((name, i) => {
        if (made[i] !== undefined) values.set(name, made[i]);
      });
    } catch (cause) {
      throw invalidModel(`node ${node.label} (${opLabel(node.op)}): ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  const outputs = graph.outputNames.map((name) => {
    const value = values.get(name);
    if (value === undefined)
      throw invalidModel(
        `output ${label(name)} is a second result of its node, which is not supported`,
      );
    if (isOpaque(value)) throw invalidModel(unknownOutput(name, value));
    return [name, toExpr(value)] as const;
  });
  return Object.fromEntries(outputs);
}

function unknownOutput(name: string, { type = 0, shape }: Opaque): string {
  const dtype = dtypeOf(type);
  if (type && !dtype) return `output ${label(name)} is of type ${typeName(type)}, not supported`;
  const what = shape ? "type" : "shape";
  return `nothing in the model tells the ${what} of output ${label(name)}, which follows operations that only ONNX Runtime knows; declare it in the model, or give dynamic dimensions a fixed size`;
}

function results(call: NodeReader, context: GraphContext): readonly Value[] {
  const { node } = call;
  const reader = readers.get(node.op);
  const [first] = call.operands;
  if (call.operands.some((o) => o && isOpaque(o))) {
    const sized = first && isOpaque(first) && first.shape;
    if (reader && sized && (node.op === "Shape" || node.op === "Size")) {
      return rebuilt(call.on([input(node.inputs[0], { shape: sized })]), reader);
    }
    return passThrough(call, context, reader, reader ? undefined : { name: opLabel(node.op) });
  }
  if (!reader) return passThrough(call, context, reader, { name: opLabel(node.op) });
  try {
    const made = rebuilt(call, reader);
    const extra = node.outputs.slice(made.length).find((name) => context.graph.used.has(name));
    if (extra === undefined || extra === "") return made;
    throw unsupported(`its result ${label(extra)} is not known here`);
  } catch (error) {
    const reason = reasonOf(error, call);
    if (reason === undefined) throw error;
    return passThrough(call, context, reader, { name: opLabel(node.op), reason });
  }
}

/** Why graphs have no such operation; undefined where it is wrong in itself. */
function reasonOf(error: unknown, { operands }: NodeReader): string | undefined {
  if (errorCode(error) === "unsupported-operation") return (error as Error).message;
  // Whether a name fits a number is told when the graph runs.
  const named = (value: Value | undefined) =>
    value &&
    !isOpaque(value) &&
    (isStatic(value) ? value.values : value.shape).some((d) => typeof d === "string");
  if (!(error instanceof RangeError) || !operands.some(named)) return undefined;
  return `${error.message}; give dynamic dimensions a fixed size`;
}

function rebuilt(call: NodeReader, reader: Reader): readonly Value[] {
  const folded =
    call.operands.length > 0 && call.operands.every((o) => !o || isStatic(o))
      ? fold(call)
      : undefined;
  if (folded) return [folded];
  const made = reader(call);
  return Array.isArray(made) ? made : [made as Value];
}

/** The inputs by name, checked against the signature; `bound` learns what its dynamic dimensions are. */
function bind(
  signature: OnnxGraph["signature"],
  inputs: Readonly<Record<string, Expr>>,
  bound: Map<string, Dim>,
): (readonly [string, Expr])[] {
  const names = Object.keys(signature);
  const extra = Object.keys(inputs).find((name) => !names.includes(name));
  if (extra !== undefined) {
    throw invalidModel(
      `the model has no input ${label(extra)}; its inputs are ${names.map(label).join(", ")}`,
    );
  }
  return names.map((name) => {
    const { shape, dtype } = signature[name];
    const given = inputs[name];
    const what = `input ${label(name)}`;
    if (!given) throw invalidModel(`${what} of the model is missing`);
    if (given.dtype !== dtype) throw invalidModel(`${what} must be ${dtype}, got ${given.dtype}`);
    if (!fits(shape, given.shape, bound)) {
      throw invalidModel(
        `${what} must have the shape ${shapeText(shape)}, got ${shapeText(given.shape)}`,
      );
    }
    return [name, given] as const;
  });
}

function fits(expected: Shape, given: Shape, bound: Map<string, Dim>): boolean {
  if (expected.length !== given.length) return false;
  return expected.every((d, i) => {
    if (typeof d === "number") return d === given[i];
    const known = bound.get(d);
    bound.set(d, given[i]);
    return known === undefined || known === given[i];
  });
}
