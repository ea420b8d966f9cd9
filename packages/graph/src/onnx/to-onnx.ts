/*
 * A graph as an ONNX file: half precision on request, `lower`, one message for each node, bytes.
 *
 *   bytes = encode(emit(lower(graph)))    fromOnnx(bytes) computes what graph computes
 *
 * `emit.ts` has the ONNX form of each operation. Backends on ONNX Runtime and `savePipeline` call
 * `toOnnx`.
 *
 *   const bytes = toOnnx(trace(({ x }) => ({ y: exp(x) }), { x: { shape: ["n"] } }));
 */

import { type Expr, isInput, isParameter } from "../expr/expr.ts";
import { isForeign } from "../expr/foreign.ts";
import { GraphError } from "../expr/graph-error.ts";
import type { Graph } from "../expr/trace.ts";
import { halfPrecision } from "../passes/half-precision.ts";
import { lower } from "../passes/lower.ts";
import { emit } from "./emit.ts";
import { int8Axes, writeInt8 } from "./int8-weights.ts";
import { encode } from "./message-codec.ts";
import { model, type ValueInfoProto } from "./messages.ts";
import { domainOf, OnnxWriter } from "./onnx-writer.ts";
import { writtenVersions } from "./operator-versions.ts";
import { elementTypes, tensorMessage } from "./protobuf.ts";

/** Settings of {@link toOnnx}. */
export interface OnnxOptions {
  /**
   * The version of ONNX's operators, 13 to 21.
   * @defaultValue 17, or the version of the file that foreign nodes come from
   */
  opset?: number;
  /** The graph's name inside the file. @defaultValue `gen` */
  name?: string;
  /** Weights and arithmetic in float16; inputs and outputs keep dtypes. @defaultValue false */
  float16?: boolean;
  /**
   * The weights of products and convolutions in int8, with a scale for each output feature: a quarter
   * of the bytes. Arithmetic stays float32, but ONNX Runtime may round the other operand of a product
   * to 8 bits too. It runs such a file, other backends do not.
   * @defaultValue false
   */
  int8?: boolean;
}

/**
 * Writes a graph as an ONNX model: symbolic dimensions stay dynamic, parameters become initializers
 * under their own names, inputs and outputs keep their names and order.
 *
 * @param graph The graph.
 * @param options The operators' version, the graph's name, float16 and int8. Default: version 17,
 * float32.
 * @throws RangeError when an output has the name of an input or a parameter, when `opset` is not in
 * [13, 23], when float16 and int8 go together, when a node that comes from a file means something
 * else in `opset`, or when the graph calls a model of another library.
 */
export function toOnnx(graph: Graph, options: OnnxOptions = {}): Uint8Array {
  const { name = "gen", float16 = false, int8 = false } = options;
  if (float16 && int8) throw new GraphError("float16 must be left out with int8");
  const lowered = lower(float16 ? halfPrecision(graph) : graph);
  const { inputs, outputs, nodes } = lowered;
  const other = nodes.find((node) => isForeign(node) && node.node.model);
  if (other && isForeign(other)) {
    throw new GraphError(`${other.node.model?.name} cannot be written as ONNX`);
  }
  const versions = writtenVersions(nodes.filter(isForeign), options.opset);
  const opset = versions.get("") as number;
  for (const domain of nodes.map(({ op }) => domainOf(op))) {
    if (!versions.has(domain)) versions.set(domain, 1);
  }
  const byName = new Map(lowered.parameters.map((p) => [p.name, p]));
  const parameters = graph.parameters.flatMap(({ name }) => byName.get(name) ?? []);
  const reserved = [...inputs, ...parameters].map((e) => e.name);
  const clash = Object.keys(outputs).find((n) => reserved.includes(n));
  if (clash !== undefined) {
    throw new GraphError(`output ${clash} must not have the name of an input or a parameter`);
  }
  const writer = new OnnxWriter(opset, inputs, [...reserved, ...Object.keys(outputs)]);
  const entries = Object.entries(outputs);
  // The first name of an expression that is several outputs.
  const outputName = new Map([...entries].reverse().map(([n, e]) => [e, n]));
  for (const input of inputs) writer.define(input, input.name);
  const axes = int8 ? int8Axes(nodes) : new Map<Expr, number>();
  for (const weight of parameters) {
    writer.define(weight, weight.name);
    const axis = axes.get(weight);
    if (axis !== undefined) writeInt8(writer, weight, axis);
    else writer.initializers.push(tensorMessage(weight.name, weight.value));
  }
  const results = new Map<Expr, string[]>();
  for (const node of nodes) {
    if (isInput(node) || isParameter(node)) continue;
    if (isForeign(node)) {
      results.set(node, writer.foreign(node));
    } else if (node.op === "Result") {
      const names = results.get(node.inputs[0]) as string[];
      writer.define(node, names[node.attributes.index]);
    } else if (node.op === "Constant") {
      writer.define(node, writer.constant(node.attributes.value));
    } else {
      writer.define(node, emit(writer, node, outputName.get(node) ?? hint(writer, node)));
    }
  }
  for (const [n, e] of entries) {
    if (writer.nameOf(e) !== n) writer.node("Identity", [writer.nameOf(e)], [], n);
  }
  return encode(model, {
    irVersion: BigInt(opset < 19 ? 8 : opset < 21 ? 9 : opset < 23 ? 10 : 11),
    producerName: "gen",
    opsetImport: [...versions].map(([domain, v]) => ({ domain, version: BigInt(v) })),
    graph: {
      name,
      node: writer.nodes,
      initializer: writer.initializers,
      input: inputs.map((e) => valueInfo(e.name, e)),
      output: entries.map(([n, e]) => valueInfo(n, e)),
    },
  });
}

/** `down.0.conv/Conv` for the node that uses the parameter `down.0.conv.weight`. */
function hint(writer: OnnxWriter, node: Expr): string | undefined {
  const owner = node.inputs.find(isParameter)?.name;
  if (owner === undefined) return undefined;
  return writer.unique(`${owner.replace(/\.[^.]*$/, "")}/${node.op}`);
}

function valueInfo(name: string, { dtype, shape }: Expr): ValueInfoProto {
  const dim = shape.map((d) => (typeof d === "number" ? { dimValue: BigInt(d) } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: elementTypes[dtype], shape: { dim } } } };
}
