/*
 * A graph in float16 as a graph in float32: weights, constants and casts, so that nothing overflows
 * above 65504.
 */
import {
  cast,
  constant,
  type Graph,
  parameter,
  type Tensor,
  tensor,
  tensorNumbers,
} from "@gen/graph";
import { isInput, isParameter, rewrite, withInputs } from "@gen/graph/compiler";

/** Whether a graph computes in float16. */
export const hasHalves = ({ nodes }: Graph): boolean =>
  nodes.some(({ dtype }) => dtype === "float16");

/**
 * The graph with float32 in place of float16. Its inputs keep their dtypes, and so do operations that
 * only a runtime knows.
 */
export const singlePrecision = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    if (node.op === "Foreign") {
      return withInputs(
        node,
        inputs.map((e, i) => cast(e, node.inputs[i].dtype)),
      );
    }
    if (node.dtype !== "float16" || isInput(node)) return withInputs(node, inputs);
    if (node.op === "Result") return cast(withInputs(node, inputs), "float32");
    if (isParameter(node)) return parameter(node.name, single(node.value));
    if (node.op === "Constant") return constant(single(node.attributes.value));
    if (node.op === "Cast" && inputs[0].dtype === "float32") return inputs[0];
    return { ...node, inputs, dtype: "float32" };
  });

const single = (value: Tensor): Tensor => tensor(tensorNumbers(value), value.shape);
