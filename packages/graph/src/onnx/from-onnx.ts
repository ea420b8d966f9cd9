import { constant, type Expr, type Parameter, parameter, type Signature } from "../expr.ts";
import { type Dim, type Shape, shapeText } from "../shape.ts";
import { Call, type Reader } from "./call.ts";
import { fold } from "./fold.ts";
import { isKnown, knownTensor, toExpr, type Value } from "./known.ts";
import { label, OnnxError } from "./protobuf.ts";
import { arrangeReaders } from "./read-arrange.ts";
import { constantReaders } from "./read-constant.ts";
import { elementwiseReaders } from "./read-elementwise.ts";
import { type OnnxGraph, type OnnxNode, type OnnxReadOptions, readGraph } from "./read-graph.ts";
import { normaliseReaders } from "./read-normalise.ts";
import { poolReaders } from "./read-pool.ts";
import { productReaders } from "./read-products.ts";
import { reduceReaders } from "./read-reduce.ts";
import { sliceReaders } from "./read-slice.ts";

/** A model read from a file: a function over expressions. */
export interface OnnxModel {
  /** The inputs in the file's order; dynamic dimensions are names such as `batch`. */
  readonly signature: Readonly<Record<string, Required<Signature>>>;
  readonly outputNames: readonly string[];
  /** The weights, named as in the file; `apply` uses these very ones. */
  readonly parameters: readonly Parameter[];
  /**
   * The outputs for inputs of any shapes that fit the signature; dynamic dimensions may be fixed or stay names.
   * @throws OnnxError naming the input that does not fit, or the node that cannot be rebuilt, with the reason.
   */
  apply(inputs: Readonly<Record<string, Expr>>): Record<string, Expr>;
}

const readers = /* @__PURE__ */ new Map<string, Reader>([
  .../* @__PURE__ */ Object.entries(arrangeReaders),
  .../* @__PURE__ */ Object.entries(constantReaders),
  .../* @__PURE__ */ Object.entries(elementwiseReaders),
  .../* @__PURE__ */ Object.entries(normaliseReaders),
  .../* @__PURE__ */ Object.entries(poolReaders),
  .../* @__PURE__ */ Object.entries(productReaders),
  .../* @__PURE__ */ Object.entries(reduceReaders),
  .../* @__PURE__ */ Object.entries(sliceReaders),
]);

/**
 * Reads an ONNX model of operator set 7 to 21: initializers of floats become parameters,
 * what an exporter computes from shapes is worked out, also where dimensions stay dynamic.
 * @throws OnnxError in one line when the bytes are not a sound model, the model is above `limit`,
 * or it has operations that cannot be rebuilt (all of them are named).
 */
export function fromOnnx(bytes: Uint8Array, options: OnnxReadOptions = {}): OnnxModel {
  const graph = readGraph(bytes, options);
  refuseUnsupported(graph.nodes);
  const given = new Map<string, Value>();
  const parameters: Parameter[] = [];
  for (const [name, { tensor, constant: fixed }] of graph.initializers) {
    if (fixed || !tensor.dtype.startsWith("float")) {
      given.set(name, knownTensor(tensor) ?? constant(tensor));
    } else {
      const weight = parameter(name, tensor);
      parameters.push(weight);
      given.set(name, weight);
    }
  }
  const { signature, outputNames } = graph;
  return { signature, outputNames, parameters, apply: (inputs) => apply(graph, given, inputs) };
}

const controlFlow = ["If", "Loop", "Scan", "SequenceMap"];

function refuseUnsupported(nodes: readonly OnnxNode[]): void {
  const ops = [...new Set(nodes.map((n) => n.op))].filter((op) => !readers.has(op));
  if (ops.length === 0) return;
  const shown = ops.slice(0, 40).map((op) => (/^[\w.]{1,80}$/.test(op) ? op : label(op)));
  const flow = ops.some((op) => controlFlow.includes(op))
    ? "; what If, Loop and Scan do depends on data, and a graph here has no branches"
    : "";
  throw new OnnxError(`the ONNX model uses unsupported operations: ${shown.join(", ")}${flow}`);
}

function apply(
  graph: OnnxGraph,
  given: ReadonlyMap<string, Value>,
  inputs: Readonly<Record<string, Expr>>,
): Record<string, Expr> {
  const values = new Map(given);
  for (const [name, value] of bind(graph.signature, inputs)) values.set(name, value);
  const like = (dim: string) => {
    for (const value of values.values()) {
      if (!isKnown(value) && value.shape.includes(dim)) return value;
    }
    return undefined;
  };
  for (const node of graph.nodes) {
    try {
      const operands = node.inputs.map((name) => values.get(name));
      const made = results(new Call(node, graph.opset, operands, like));
      node.outputs.forEach((name, i) => {
        if (made[i] !== undefined) values.set(name, made[i]);
      });
    } catch (cause) {
      throw new OnnxError(`node ${node.label} (${node.op}): ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  const outputs = graph.outputNames.map((name) => {
    const value = values.get(name);
    if (value === undefined)
      throw new OnnxError(
        `output ${label(name)} is a second result of its node, which is not supported`,
      );
    return [name, toExpr(value)] as const;
  });
  return Object.fromEntries(outputs);
}

function results(call: Call): readonly Value[] {
  const { op } = call.node;
  const folded =
    call.operands.length > 0 && call.operands.every((o) => !o || isKnown(o))
      ? fold(call)
      : undefined;
  if (folded) return [folded];
  const made = (readers.get(op) as Reader)(call);
  return Array.isArray(made) ? made : [made as Value];
}

/** The inputs by name, checked against the signature. */
function bind(
  signature: OnnxGraph["signature"],
  inputs: Readonly<Record<string, Expr>>,
): (readonly [string, Expr])[] {
  const bound = new Map<string, Dim>();
  const names = Object.keys(signature);
  const extra = Object.keys(inputs).find((name) => !names.includes(name));
  if (extra !== undefined) {
    throw new OnnxError(
      `the model has no input ${label(extra)}; its inputs are ${names.map(label).join(", ")}`,
    );
  }
  return names.map((name) => {
    const { shape, dtype } = signature[name];
    const given = inputs[name];
    const what = `input ${label(name)}`;
    if (!given) throw new OnnxError(`${what} of the model is missing`);
    if (given.dtype !== dtype) throw new OnnxError(`${what} must be ${dtype}, got ${given.dtype}`);
    if (!fits(shape, given.shape, bound)) {
      throw new OnnxError(
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
