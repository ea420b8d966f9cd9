import {
  type Attributes,
  constant,
  type Expr,
  type Graph,
  input,
  tensor,
  tensorNumbers,
} from "@gen/graph";
import { isInput, rewrite, traitsOf } from "@gen/graph/compiler";
import { unsupported } from "../../errors.ts";

/**
 * The graph with int32 in place of int64, which gives the same values where the inputs fit int32: ONNX
 * Runtime's WebGPU provider has no int64, or its low halves alone.
 * @throws GenError `unsupported-graph` where the graph computes int64 that might not fit, or gives some out.
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
    const fits = traitsOf(node.op)?.movesData || (node.op === "Cast" && isSmall(from));
    if (!fits) throw unsupported(`it computes int64 (${node.op}), of which GPUs have 32 bits`);
    const narrow: Expr = { ...node, inputs, dtype: "int32" };
    return narrow.op === "Cast" && inputs[0].dtype === "int32" ? inputs[0] : narrow;
  });
}

const isSmall = (dtype: string): boolean => ["int32", "int64", "bool"].includes(dtype);

function narrowConstant({ value }: Attributes["Constant"]): Expr {
  const numbers = tensorNumbers(value);
  const wide = Array.from(numbers).find((v) => v !== (v | 0));
  if (wide === undefined) return constant(tensor(numbers, value.shape, "int32"));
  throw unsupported(`a constant holds ${wide}, and GPUs have 32 bits of int64`);
}
