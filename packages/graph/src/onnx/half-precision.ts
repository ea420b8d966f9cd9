import { cast } from "../elementwise.ts";
import { constant, type Expr, isInput, isParameter, parameter } from "../expr.ts";
import { type Tensor, tensor, tensorNumbers } from "../tensor.ts";
import { type Graph, graphOf, topological, withInputs } from "../trace.ts";

const smallest = 2 ** -24;
const largest = 65504;

/** The same graph computing in float16 where it computed in float32; inputs and outputs keep their dtypes. */
export function halfPrecision(graph: Graph): Graph {
  const made = new Map<Expr, Expr>();
  for (const node of topological(Object.values(graph.outputs))) {
    const inputs = node.inputs.map((i) => made.get(i) as Expr);
    made.set(node, half(node, inputs));
  }
  const outputs = Object.entries(graph.outputs).map(([name, e]) => [
    name,
    cast(made.get(e) as Expr, e.dtype),
  ]);
  return graphOf(Object.fromEntries(outputs), graph.inputs);
}

function half(node: Expr, inputs: readonly Expr[]): Expr {
  if (node.dtype !== "float32") return withInputs(node, inputs);
  if (isInput(node)) return cast(node, "float16");
  if (isParameter(node)) return parameter(node.name, halfTensor(node.value));
  if (node.op === "Constant") return constant(halfTensor(node.attributes.value as Tensor));
  if (node.op === "Cast" && inputs[0].dtype === "float16") return inputs[0];
  return { ...node, inputs, dtype: "float16" };
}

/** Finite numbers stay finite, and what is not zero does not become zero. */
function halfTensor(value: Tensor): Tensor {
  const numbers = Float64Array.from(tensorNumbers(value), (v) => {
    if (v === 0 || !Number.isFinite(v)) return v;
    return Math.sign(v) * Math.min(largest, Math.max(smallest, Math.abs(v)));
  });
  return tensor(numbers, value.shape, "float16");
}
