/*
 * A graph as a message. Nodes refer to their operands by number, so that a chain of any length is
 * copied without recursion, and large arrays of weights are sent in parts (`array-parts.ts`).
 */
import type { Expr, Graph, Input, Parameter, Tensor } from "@gen/graph";
import type { WholeFile } from "@gen/graph/onnx";
import { unsupported } from "../errors.ts";

type WireNode = Omit<Expr, "inputs"> & { readonly inputs: readonly number[] };

/** A graph whose expressions are numbers: their places in `nodes`. */
export interface WireGraph {
  /** The inputs that nothing uses, then the graph's nodes. */
  readonly nodes: readonly WireNode[];
  readonly unused: number;
  readonly inputs: readonly number[];
  readonly parameters: readonly number[];
  readonly outputs: Readonly<Record<string, number>>;
}

type Swap = (data: Tensor["data"]) => Tensor["data"];

/** The message of a graph. `swap` may put a reference in an array's place. */
export function encodeGraph(graph: Graph, swap: Swap): WireGraph {
  const { nodes, inputs, parameters, outputs } = graph;
  const used = new Set<Expr>(nodes);
  const unused = inputs.filter((input) => !used.has(input));
  const all = [...unused, ...nodes];
  const places = new Map(all.map((node, i) => [node, i]));
  const placeOf = (node: Expr) => places.get(node) as number;
  return {
    nodes: all.map((node) => ({ ...withData(node, swap), inputs: node.inputs.map(placeOf) })),
    unused: unused.length,
    inputs: inputs.map(placeOf),
    parameters: parameters.map(placeOf),
    outputs: mapValues(outputs, placeOf),
  };
}

/** The graph of a message. `swap` gives the array of a reference. */
export function decodeGraph(wire: WireGraph, swap: Swap): Graph {
  const all: Expr[] = [];
  for (const node of wire.nodes) {
    const inputs = node.inputs.map((i) => all[i]);
    all.push(withData({ ...node, inputs } as Expr, swap));
  }
  return {
    inputs: wire.inputs.map((i) => all[i] as Input),
    parameters: wire.parameters.map((i) => all[i] as Parameter),
    outputs: mapValues(wire.outputs, (i) => all[i]),
    nodes: all.slice(wire.unused),
  };
}

const mapValues = <A, B>(values: Readonly<Record<string, A>>, f: (value: A) => B) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, f(value)]));

/** A node with another array in its value, if it has a value. */
function withData(node: Expr, swap: Swap): Expr {
  const swapped = (value: Tensor): Tensor => ({ ...value, data: swap(value.data) });
  if (node.op === "Parameter") return { ...node, value: swapped(node.value) };
  if (node.op === "Foreign" && node.node.file) {
    const { file, beside } = node.node.file;
    const plain = {
      ...node.node.file,
      inside: undefined,
      file: inMessage(file, swap),
      beside: mapValues(beside, (each) => inMessage(each, swap)),
    };
    return { ...node, node: { ...node.node, file: plain } };
  }
  if (node.op === "Foreign" && node.node.model) {
    const { name } = node.node.model;
    throw unsupported(`${name} runs in the thread that it is in: leave out worker and isolate`);
  }
  if (node.op !== "Constant") return node;
  return { ...node, attributes: { ...node.attributes, value: swapped(node.attributes.value) } };
}

/**
 * A model file without functions, which messages cannot have. The other side opens its path, or has
 * its bytes or its blob, of which a message to a process leaves nothing.
 */
function inMessage({ path, bytes, blob, size }: WholeFile, swap: Swap): WholeFile {
  const isWhole = typeof blob?.slice === "function";
  if (path !== undefined || bytes || isWhole) {
    return { path, bytes: bytes && swap(bytes), blob, size } as WholeFile;
  }
  throw unsupported(
    "a model file needs a path or its bytes to run in another process, and in a thread a blob does too",
  );
}
