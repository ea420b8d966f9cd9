import type { Graph } from "@gen/graph";
import { type Bindings, resolveShape, rewrite } from "@gen/graph/compiler";

/** The graph for one size of each of its named dimensions, without the inputs that it does not use. */
export function staticGraph(graph: Graph, dims: Bindings): Graph {
  const made = rewrite(graph, (node, inputs) => ({
    ...node,
    inputs,
    shape: resolveShape(node.shape, dims),
  }));
  const used = new Set(made.nodes);
  return { ...made, inputs: made.inputs.filter((each) => used.has(each)) };
}

/** The graph with nodes of its own, which share the values of their parameters. */
export const ownNodes = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => ({ ...node, inputs }));
