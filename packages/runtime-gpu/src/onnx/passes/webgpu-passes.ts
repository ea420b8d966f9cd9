import {
  type Attributes,
  cast,
  constant,
  type Expr,
  type Graph,
  input,
  tensor,
  tensorNumbers,
} from "@gen/graph";
import {
  type Bindings,
  isInput,
  resolveShape,
  rewrite,
  traitsOf,
  withInputs,
} from "@gen/graph/compiler";
import { unsupported } from "../../errors.ts";

/**
 * The graph with int32 in place of int64 indices: ONNX Runtime's WebGPU provider has no int64, and
 * would gather on the CPU.
 */
export const int32Indices = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const [x, indices] = inputs;
    const wide = node.op === "Gather" && indices.dtype === "int64" && x.dtype !== "int64";
    return wide ? { ...node, inputs: [x, cast(indices, "int32")] } : withInputs(node, inputs);
  });

/**
 * The graph with int32 in place of int64, which gives the same values if the inputs fit int32: ONNX
 * Runtime's WebGPU provider has no int64, or only its low halves.
 * @throws GenError `unsupported-graph` when the graph computes int64 that might not fit, or has an
 * int64 output.
 */
export function narrowIntegers(graph: Graph): Graph {
  for (const [name, { dtype }] of Object.entries(graph.outputs)) {
    if (dtype === "int64") throw unsupported(`output ${name} is int64`);
  }
  return rewrite(graph, (node, inputs) => {
    const from = node.inputs[0]?.dtype;
    if (node.op === "Cast" && from === "int64" && node.dtype === "int32") return inputs[0];
    if (node.dtype !== "int64") return { ...node, inputs };
    if (isInput(node)) return input(node.name, { shape: node.shape, dtype: "int32" });
    if (node.op === "Constant") return narrowConstant(node.attributes);
    const small = node.op === "Cast" && ["int32", "int64", "bool"].includes(from);
    if (!small && !traitsOf(node.op)?.movesData) {
      throw unsupported(`it computes int64 (${node.op}), and GPUs have 32 bits of int64`);
    }
    const narrow: Expr = { ...node, inputs, dtype: "int32" };
    return narrow.op === "Cast" && inputs[0].dtype === "int32" ? inputs[0] : narrow;
  });
}

function narrowConstant({ value }: Attributes["Constant"]): Expr {
  const numbers = tensorNumbers(value);
  const wide = Array.from(numbers).find((v) => v !== (v | 0));
  if (wide === undefined) return constant(tensor(numbers, value.shape, "int32"));
  throw unsupported(`a constant holds ${wide}, and GPUs have 32 bits of int64`);
}

/** The graph for one size of each of its named dimensions, without unused inputs. */
export function staticGraph(graph: Graph, dims: Bindings): Graph {
  const fixed = rewrite(graph, (node, inputs) => ({
    ...node,
    inputs,
    shape: resolveShape(node.shape, dims),
  }));
  const used = new Set(fixed.nodes);
  return { ...fixed, inputs: fixed.inputs.filter((each) => used.has(each)) };
}

/** The graph with nodes of its own, which share the values of their parameters. */
export const ownNodes = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => ({ ...node, inputs }));
