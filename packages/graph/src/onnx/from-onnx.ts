/*
 * The second half of reading ONNX: OnnxGraph -> a function over expressions.
 *
 *   a node of static operands is folded; one with a reader becomes expressions; others stay foreign
 *
 *   fromOnnx(bytes).apply({ x: input("x", { shape: ["batch", 2] }) })
 */
import { errorCode } from "@gen/math";
import {
  constant,
  type Expr,
  input,
  type Parameter,
  parameter,
  type Signature,
} from "../expr/expr.ts";
import { GraphError } from "../expr/graph-error.ts";
import type { ComputedOp } from "../expr/operations.ts";
import type { Dim } from "../expr/shape.ts";
import { isFloat, type Tensor } from "../expr/tensor.ts";
import { arrangeReaders } from "../ops/arrange/read.ts";
import { sliceReaders } from "../ops/arrange/read-slice.ts";
import { elementwiseReaders } from "../ops/elementwise/read.ts";
import { normalizeReaders } from "../ops/normalize/read.ts";
import { productReaders } from "../ops/products/read.ts";
import { poolReaders } from "../ops/products/read-pool.ts";
import { reduceReaders } from "../ops/reduce/read.ts";
import { bind } from "./bind-inputs.ts";
import { checkBodies, type Scope } from "./check-bodies.ts";
import { fold } from "./fold.ts";
import { ResultMemory } from "./memory.ts";
import { type GraphContext, NodeReader, type Reader, type Readers } from "./node-reader.ts";
import { opLabel } from "./operator-domains.ts";
import { foreignConstant, passThrough } from "./pass-through.ts";
import { dtypeOf, invalidModel, label, typeName, unsafeModel, unsupported } from "./protobuf.ts";
import { type OnnxGraph, type OnnxNode, type OnnxReadOptions, readGraph } from "./read-graph.ts";
import { type ExternalData, isShapeAlone, type NoteFile } from "./read-tensor.ts";
import { refuseFaults, requireSize } from "./runtime-faults.ts";
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
  /** The outputs in the file's order. */
  readonly outputNames: readonly string[];
  /** The weights under the file's names; `apply` uses these expressions. */
  readonly parameters: readonly Parameter[];
  /** The file's operations that draw random numbers in each run, such as RandomNormalLike. */
  readonly randomOperations: readonly string[];
  /** Whether tensors of the file have types that graphs lack, such as int8 or 4 bits. */
  readonly quantized: boolean;
  /**
   * The outputs for inputs whose shapes fit the signature; dynamic dimensions are numbers or names.
   *
   * @param inputs The inputs by name.
   * @throws GenError `invalid-model` naming a misfit input, or a node that cannot be rebuilt;
   * `unsafe-model` naming a node that ends the process in ONNX Runtime.
   */
  apply(inputs: Readonly<Record<string, Expr>>): Record<string, Expr>;
}

const RANDOM = /* @__PURE__ */ new Set(
  "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Multinomial Bernoulli".split(" "),
);

const table: Readers<ComputedOp> = {
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
 * Reads an ONNX model of operator set 7 to 23. Float initializers become parameters; if another
 * exporter's file has none, the floats of its Constant nodes do. An exporter's arithmetic on shapes
 * is computed, with dynamic dimensions as names.
 *
 * Operations that graphs do not have, and operations on other number types (a quantized model's),
 * stay as they are in the file: ONNX Runtime runs them, see {@link foreignOperations}.
 *
 * @param bytes The bytes of the file.
 * @param options A limit on size, and how weights outside the file are read. Default: 2 GiB, none.
 * @throws GenError `invalid-model` in one line when the bytes are not a sound model, when the model
 * is above `limit`, or when it has branches, loops or functions of its own (all of them are named);
 * `unsafe-model` naming a node whose operator only a runtime may put in.
 */
export function fromOnnx(bytes: Uint8Array, options: OnnxReadOptions = {}): OnnxModel {
  return modelOf(readGraph(bytes, options));
}

/** The same model from its headers (`model-headers.ts`): large weights are shapes. */
export const modelOfHeaders = (
  headers: Uint8Array,
  { read, note }: { readonly read: ExternalData; readonly note: NoteFile },
): OnnxModel => modelOf(readGraph(headers, { externalData: read }, note));

function modelOf(graph: OnnxGraph): OnnxModel {
  const given = new Map<string, Value>();
  const parameters: Parameter[] = [];
  const addWeight = (name: string, tensor: Tensor) => {
    const weight = parameter(name, tensor);
    parameters.push(weight);
    given.set(name, weight);
  };
  for (const [name, { tensor, constant: fixed }] of graph.initializers) {
    if (isShapeAlone(tensor) || (!fixed && isWeight(graph, name, tensor))) addWeight(name, tensor);
    else given.set(name, staticTensor(tensor) ?? constant(tensor));
  }
  for (const [name, tensor] of graph.largeConstants) addWeight(name, tensor);
  if (graph.settings && parameters.length + graph.foreign.size === 0) {
    const operandsOf = (wanted: string) =>
      graph.nodes.flatMap(({ op, inputs }) => (op === wanted ? inputs.slice(1) : []));
    const exponents = new Set(operandsOf("Pow"));
    // PyTorch writes a group norm as an instance norm of ones and zeros, then the weights.
    const rates = new Set(operandsOf("InstanceNormalization"));
    for (const [name, tensor] of constantsOf(graph)) {
      const isFixed = exponents.has(name) || (rates.has(name) && isUniform(tensor));
      if (!isFixed && isWeight(graph, name, tensor)) addWeight(name, tensor);
    }
  }
  for (const [name, message] of graph.foreign) given.set(name, foreignConstant(message));
  const { signature, outputNames } = graph;
  return {
    signature,
    outputNames,
    parameters,
    randomOperations: [...new Set(graph.nodes.map(({ op }) => op))].filter((op) => RANDOM.has(op)),
    quantized: graph.foreign.size > 0,
    apply: (inputs) => apply(graph, given, inputs),
  };
}

/** Whether a tensor of floats is a weight: in other exporters' files no setting and no number. */
const isWeight = ({ settings }: OnnxGraph, name: string, { dtype, shape }: Tensor): boolean =>
  isFloat(dtype) && !(settings && (shape.length === 0 || settings.has(name)));

const isUniform = ({ data }: Tensor): boolean => (data as Float32Array).every((v) => v === data[0]);

/** The tensors of a graph's Constant nodes, by the names of their results. */
function constantsOf(graph: OnnxGraph): [name: string, Tensor][] {
  const context = { graph, dims: new Map(), valueWithDim: () => undefined };
  return graph.nodes.flatMap((node) => {
    const [value] = node.op === "Constant" ? valuesOf(node, new Map(), context) : [];
    if (!value || isOpaque(value)) return [];
    const tensor = isStatic(value)
      ? value.tensor
      : value.op === "Constant" && value.attributes.value;
    return tensor ? [[node.outputs[0], tensor]] : [];
  });
}

function apply(
  graph: OnnxGraph,
  given: ReadonlyMap<string, Value>,
  inputs: Readonly<Record<string, Expr>>,
): Record<string, Expr> {
  const values = new Map(given);
  const dims = new Map<string, Dim>(graph.known);
  for (const [name, value] of bind(graph.signature, inputs, dims)) values.set(name, value);
  const withDim = new Map<Dim, Expr>();
  const noteDims = (value: Value) => {
    if (isStatic(value) || isOpaque(value)) return;
    for (const d of value.shape)
      if (typeof d === "string" && !withDim.has(d)) withDim.set(d, value);
  };
  for (const value of values.values()) noteDims(value);
  const context = { graph, dims, valueWithDim: (dim: string) => withDim.get(dim) };
  const memory = new ResultMemory(graph.memory);
  for (const node of graph.nodes) {
    if (given.has(node.outputs[0])) continue;
    const computed = valuesOf(node, values, context, memory);
    if (graph.inline) {
      checkBodies(node, values, graph, (inner, scope) => valuesOf(inner, scope, context, memory));
    }
    node.outputs.forEach((name, i) => {
      if (computed[i] === undefined) return;
      values.set(name, computed[i]);
      noteDims(computed[i]);
    });
  }
  const outputs = graph.outputNames.map((name) => {
    const value = values.get(name);
    if (value === undefined) {
      throw invalidModel(
        `output ${label(name)} is a second result of its node, which is not supported`,
      );
    }
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

/** The results of a node. @throws GenError `invalid-model` naming a node that is wrong in itself. */
function valuesOf(
  node: OnnxNode,
  values: Scope,
  context: GraphContext,
  memory?: ResultMemory,
): readonly Value[] {
  try {
    const operands = node.inputs.map((name) => values.get(name));
    const read = new NodeReader(node, operands, context);
    refuseFaults(read);
    const results = nodeValues(read);
    results.forEach(requireSize);
    memory?.add(results);
    return results;
  } catch (cause) {
    const message = `node ${label(node.name)} (${opLabel(node.op)}): ${(cause as Error).message}`;
    const refuse = errorCode(cause) === "unsafe-model" ? unsafeModel : invalidModel;
    throw refuse(message, { cause });
  }
}

function nodeValues(node: NodeReader): readonly Value[] {
  const { op, inputs, outputs } = node.source;
  const reader = readers.get(op);
  const name = opLabel(op);
  const [first] = node.operands;
  if (node.operands.some((operand) => operand && isOpaque(operand))) {
    const shape = first && isOpaque(first) && first.shape;
    if (reader && shape && (op === "Shape" || op === "Size")) {
      return rebuild(node.on([input(inputs[0], { shape })]), reader);
    }
    return passThrough(node, reader, reader ? undefined : { name });
  }
  if (!reader) {
    const known = node.operands.every((operand) => !operand || isStatic(operand));
    const folded = known ? fold(node) : undefined;
    return folded ? [folded] : passThrough(node, reader, { name });
  }
  try {
    const values = rebuild(node, reader);
    const extra = outputs.slice(values.length).find((name) => node.context.graph.used.has(name));
    if (extra === undefined || extra === "") return values;
    throw unsupported(`its result ${label(extra)} is not known here`);
  } catch (error) {
    const reason = reasonOf(error, node);
    if (reason === undefined) throw error;
    return passThrough(node, reader, { name, reason });
  }
}

/** Why graphs lack an operation; undefined for a node that is wrong in itself. */
function reasonOf(error: unknown, { operands }: NodeReader): string | undefined {
  if (errorCode(error) === "unsupported-operation") return (error as Error).message;
  const hasName = (value: Value | undefined) =>
    value &&
    !isOpaque(value) &&
    (isStatic(value) ? value.values : value.shape).some((d) => typeof d === "string");
  // Only a run tells whether a named dimension fits a number.
  if (!(error instanceof GraphError) || !operands.some(hasName)) return undefined;
  return `${error.message}; give dynamic dimensions a fixed size`;
}

function rebuild(node: NodeReader, reader: Reader): readonly Value[] {
  const isKnown = node.operands.length > 0 && node.operands.every((o) => !o || isStatic(o));
  const value = (isKnown ? fold(node, reader) : undefined) ?? reader(node);
  return Array.isArray(value) ? value : [value as Value];
}
