/*
 * The first half of reading ONNX: bytes -> OnnxGraph, checked for form.
 *
 *   node_i uses inputs, initializers and results of node_j, j < i, and nothing else
 *
 * A file is untrusted: sizes are limited, names must resolve, each name has one source.
 * `from-onnx.ts` makes expressions from the result, with the `read.ts` of each folder in `ops`.
 *
 *   readGraph(bytes, { limit: 2 ** 20 }).nodes.map((node) => node.op)
 */
import type { Signature } from "../expr/expr.ts";
import { isFloat, type Tensor } from "../expr/tensor.ts";
import { bodiesOf } from "./bodies.ts";
import { type Declared, declaredOf, signatureOf, withChannels } from "./declared-values.ts";
import { type OwnFunctions, ownFunctions } from "./inline-functions.ts";
import { MAX_FILE_BYTES, MAX_INITIALIZERS } from "./limits.ts";
import { type Counts, changed, decode, newCounts, takeMemory } from "./message-codec.ts";
import {
  type AttributeProto,
  externalLocation,
  model as modelMessage,
  type NodeProto,
  type TensorProto,
} from "./messages.ts";
import { GIVEN, nodeName, ordered, type Sources } from "./node-order.ts";
import { domainOf, opLabel, requirePublicOperator } from "./operator-domains.ts";
import { decoded, dtypeOf, invalidModel, label, unsupported } from "./protobuf.ts";
import {
  type ExternalData,
  insideTensor,
  isForeignType,
  isShapeAlone,
  type NoteFile,
  readForeignTensor,
  readTensor,
} from "./read-tensor.ts";

/** A node of the file; absent optional operands are empty names. */
export interface OnnxNode {
  /** The operation, with the domain unless that is ONNX's own. */
  readonly op: string;
  readonly domain: string;
  readonly opType: string;
  /** The node's name, or that of its first result. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

/** A file's graph, checked for form: names resolve and nodes come after the nodes that they use. */
export interface OnnxGraph {
  readonly opset: number;
  /** The version of each domain's operator set; ONNX's own is `""`. */
  readonly versions: ReadonlyMap<string, number>;
  readonly signature: Readonly<Record<string, Required<Signature>>>;
  /** Named dimensions of inputs whose sizes weights tell; the signature has the sizes. */
  readonly known: ReadonlyMap<string, number>;
  readonly outputNames: readonly string[];
  readonly initializers: ReadonlyMap<
    string,
    { readonly tensor: Tensor; readonly constant: boolean }
  >;
  /** Tensors whose element types graphs do not have. */
  readonly foreign: ReadonlyMap<string, TensorProto>;
  /** Values that are settings of operations, not weights; undefined for a file of our own. */
  readonly settings?: ReadonlySet<string>;
  readonly declared: ReadonlyMap<string, Declared>;
  /** The values of Constant nodes of which only the shapes are read. */
  readonly largeConstants: ReadonlyMap<string, Tensor>;
  readonly nodes: readonly OnnxNode[];
  /** The bytes of memory that results of the nodes may take. */
  readonly memory: number;
  /** The values that a node or an output uses. */
  readonly used: ReadonlySet<string>;
  /** For a model that stays a file, whose nodes may hold graphs: the nodes of such a graph. */
  readonly inline?: OwnFunctions["inline"];
}

/** Settings of {@link fromOnnx}. */
export interface OnnxReadOptions {
  /** The largest file that is read, in bytes. @defaultValue 2 GiB */
  limit?: number;
  /**
   * Reads tensors that are kept outside the model; without it such a model is refused.
   * @defaultValue none
   */
  externalData?: ExternalData;
}

/** The operands and results of a node that the memory of its message includes. */
const USUAL_NAMES = 8;

/** The memory of another operand or result: it becomes an expression of its own. */
const NAME_MEMORY = 384;

export function readGraph(bytes: Uint8Array, options: OnnxReadOptions, note?: NoteFile): OnnxGraph {
  const { limit = MAX_FILE_BYTES, externalData } = options;
  if (bytes.length > limit) {
    throw invalidModel(`the ONNX model has ${bytes.length} bytes, more than the ${limit} allowed`);
  }
  const counts = newCounts(bytes.length);
  const model = decoded(() => decode(modelMessage, bytes, counts));
  const { graph } = model;
  const versions = new Map(model.opsetImport.map((o) => [domainOf(o.domain), Number(o.version)]));
  const opset = Number(versions.get(""));
  if (!graph || model.opsetImport.length === 0) {
    throw invalidModel("not an ONNX model: it holds no graph or names no operator set");
  }
  // A model that stays a file runs wherever the runtime runs it.
  const isWhole = note !== undefined;
  if (!(opset >= 7 && (opset <= 23 || isWhole))) {
    throw invalidModel(`ONNX operator sets 7 to 23 can be read, the model uses ${opset}`);
  }
  if (graph.sparseInitializer.length > 0) {
    throw invalidModel("the ONNX model has sparse initializers, which are not supported");
  }
  if (graph.initializer.length > MAX_INITIALIZERS) {
    throw invalidModel(
      `the ONNX graph has ${graph.initializer.length} initializers, more than the ${MAX_INITIALIZERS} allowed; merge small weights`,
    );
  }
  const functions = ownFunctions(model.functions);
  if (!isWhole) refuseCalls(graph.node, functions);
  for (const body of [graph.node, ...model.functions.map((f) => f.node)]) {
    requirePublic(body, functions, counts, note, 0);
  }
  for (const { domain, version } of model.functions.flatMap((f) => f.opsetImport)) {
    if (!versions.has(domainOf(domain))) versions.set(domainOf(domain), Number(version));
  }
  const all = functions.inline(graph.node);
  const largeConstants = new Map(note ? all.flatMap((n) => largeConstant(n, note)) : []);
  if (externalData) readConstants(all, externalData, largeConstants);
  const ours = model.producerName === "gen";
  const initializers = new Map<string, { tensor: Tensor; constant: boolean }>();
  const foreign = new Map<string, TensorProto>();
  const sources: Sources = new Map();
  const define = (name: string, source: number) => {
    if (sources.has(name)) throw invalidModel(`the ONNX graph defines ${label(name)} twice`);
    sources.set(name, source);
  };
  for (const message of graph.initializer) {
    define(message.name, GIVEN);
    if (isForeignType(message.dataType)) {
      foreign.set(message.name, readForeignTensor(message, externalData, note));
      continue;
    }
    const tensor = readTensor(message, externalData, note);
    const constant = ours && message.docString === "constant";
    initializers.set(message.name, { tensor, constant });
  }
  // Before version 4 of the format, initializers are listed as inputs too.
  const inputs = graph.input.filter(({ name }) => !initializers.has(name) && !foreign.has(name));
  for (const { name } of inputs) define(name, GIVEN);
  for (const [i, { input, output }] of all.entries()) {
    const extra = Math.max(0, input.length + output.length - USUAL_NAMES);
    decoded(() => takeMemory(counts, NAME_MEMORY * extra));
    for (const name of output) if (name !== "") define(name, i);
  }
  const outputNames = graph.output.map((o) => o.name);
  if (outputNames.length === 0) throw invalidModel("the ONNX graph has no outputs");
  const nodes = ordered(all, outputNames, sources);
  if (!isWhole) refuseBodies(nodes);
  const known = new Map<string, number>();
  return {
    opset,
    versions,
    signature: Object.fromEntries(
      inputs.map((i) => [i.name, withChannels(i.name, signatureOf(i), nodes, initializers, known)]),
    ),
    known,
    outputNames,
    initializers,
    foreign,
    settings: ours ? undefined : settingNames(nodes, outputNames),
    largeConstants,
    declared: new Map([...graph.valueInfo, ...graph.output].flatMap(declaredOf)),
    nodes: nodes.map(nodeOf),
    memory: counts.memory,
    ...(isWhole && { inline: functions.inline }),
    used: new Set([...nodes.flatMap((n) => n.input), ...outputNames]),
  };
}

/** The shape of a Constant node's large value outside the model. */
function largeConstant(
  { opType, attribute, output }: NodeProto,
  note: NoteFile,
): [string, Tensor][] {
  const value = opType === "Constant" ? attribute.find(({ t }) => t)?.t : undefined;
  if (!value || output.length === 0 || isForeignType(value.dataType)) return [];
  if (value.dataLocation !== externalLocation && value.leftOut === 0n) return [];
  const message = changed(value, { name: output[0] });
  // A small value is read with the others.
  const tensor = readTensor(message, (_, __, length) => new Uint8Array(length), note);
  return isShapeAlone(tensor) ? [[output[0], tensor]] : [];
}

/** Reads the values of Constant nodes that are kept outside the model, as above 2 GB. */
function readConstants(
  nodes: readonly NodeProto[],
  resolve: ExternalData,
  leftOut: ReadonlyMap<string, Tensor>,
): void {
  for (const node of nodes) {
    if (node.opType !== "Constant" || domainOf(node.domain) !== "") continue;
    if (leftOut.has(node.output[0])) continue;
    for (const attribute of node.attribute) {
      if (!attribute.t) continue;
      attribute.t = insideTensor(attribute.t, resolve, `node ${label(nodeName(node))}`);
    }
  }
}

/** @throws GenError `invalid-model` naming the functions of the file that its nodes call. */
function refuseCalls(nodes: readonly NodeProto[], { isCall }: OwnFunctions): void {
  const called = nodes.filter(isCall);
  if (called.length > 0) {
    throw invalidModel(
      `the ONNX model calls functions of its own: ${opNames(called)}; inline them when it is exported`,
    );
  }
}

/**
 * Requires public operators of nodes, and of the nodes of graphs inside of them. Takes note of the
 * files of weights of these graphs.
 */
function requirePublic(
  nodes: readonly NodeProto[],
  functions: OwnFunctions,
  counts: Counts,
  note: NoteFile | undefined,
  depth: number,
): void {
  for (const node of nodes) {
    if (!functions.isCall(node)) requirePublicOperator(node);
    if (depth > 0 && note) largeConstant(node, note);
    for (const body of bodiesOf(node.attribute, { counts, depth, name: nodeName(node) })) {
      for (const each of note ? body.initializer : []) {
        const read = isForeignType(each.dataType) ? readForeignTensor : readTensor;
        read(each, (_, __, length) => new Uint8Array(length), note);
      }
      requirePublic(body.node, functions, counts, note, depth + 1);
    }
  }
}

/** @throws GenError `invalid-model` naming the operations that hold graphs of their own. */
function refuseBodies(nodes: readonly NodeProto[]): void {
  const refused = nodes.filter(
    ({ attribute, opType, domain }) =>
      attribute.some((a) => a.g || a.graphs.length > 0) ||
      (controlFlow.includes(opType) && domainOf(domain) === ""),
  );
  if (refused.length > 0) {
    throw unsupported(
      `the ONNX model uses unsupported operations: ${opNames(refused)}; what If, Loop and Scan do depends on data, and a graph here has no branches`,
    );
  }
}

const controlFlow = ["If", "Loop", "Scan", "SequenceMap"];

/** The nodes' operations, each once, at most 40. */
const opNames = (nodes: readonly NodeProto[]): string =>
  [...new Set(nodes.map((n) => nodeOf(n).op))].slice(0, 40).map(opLabel).join(", ");

export const nodeOf = (node: NodeProto): OnnxNode => ({
  op: domainOf(node.domain) === "" ? node.opType : `${node.domain}.${node.opType}`,
  domain: domainOf(node.domain),
  opType: node.opType,
  name: nodeName(node),
  inputs: node.input,
  outputs: node.output,
  attributes:
    node.attribute.length > 0 ? new Map(node.attribute.map((a) => [a.name, a])) : NO_ATTRIBUTES,
});

/** An empty map takes 184 bytes, so that nodes without attributes share one. */
const NO_ATTRIBUTES: OnnxNode["attributes"] = /* @__PURE__ */ new Map();

/** Values that reach the outputs of `nodes`, which are in order, as settings of operations alone. */
function settingNames(nodes: readonly NodeProto[], outputs: readonly string[]): Set<string> {
  const settings = new Set<string>();
  const others = new Set(outputs);
  for (const { opType, input, output, attribute } of nodes.toReversed()) {
    const to = attribute.find(({ name }) => name === "to");
    const isWhole = opType === "Cast" && !isFloat(dtypeOf(Number(to?.i)) ?? "int32");
    const hasSettings = ["Resize", "Upsample", "Clip", "Pad", "Dropout"].includes(opType);
    const isSetting = isWhole || opType === "Shape" || !output.some((name) => others.has(name));
    const first = isSetting ? 0 : hasSettings ? 1 : input.length;
    input.forEach((name, i) => (i < first ? others : settings).add(name));
  }
  return new Set([...settings].filter((name) => !others.has(name)));
}
