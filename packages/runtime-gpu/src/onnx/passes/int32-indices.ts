import { cast, type Graph } from "@gen/graph";
import { rewrite, withInputs } from "@gen/graph/compiler";

/**
 * The graph with int32 in place of int64 indices: ONNX Runtime's WebGPU provider has no int64, and would
 * take what is indexed to the CPU.
 */
export const int32Indices = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const [x, indices] = inputs;
    if (node.op === "Gather" && indices.dtype === "int64" && x.dtype !== "int64") {
      return { ...node, inputs: [x, cast(indices, "int32")] };
    }
    return withInputs(node, inputs);
  });
