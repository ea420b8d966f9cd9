import { constant, type Expr, isInput, isParameter, parameter } from "../expr/expr.ts";
import { isForeign } from "../expr/foreign.ts";
import { type Tensor, tensor, tensorNumbers } from "../expr/tensor.ts";
import { type Graph, graphOf, topological, withInputs } from "../expr/trace.ts";
import { cast } from "../ops/elementwise/build.ts";

const smallest = 2 ** -24;
const largest = 65504;

/**
 * The same graph computing in float16 where it computed in float32; inputs and outputs keep their
 * dtypes, and angles their precision.
 */
export function halfPrecision(graph: Graph): Graph {
  const made = new Map<Expr, Expr>();
  const nodes = topological(Object.values(graph.outputs));
  const whole = angles(nodes, Object.values(graph.outputs));
  for (const node of nodes) {
    const inputs = node.inputs.map((i) => made.get(i) as Expr);
    const operands = whole.has(node)
      ? node.inputs.map((from, i) => (isInput(from) ? from : cast(inputs[i], from.dtype)))
      : inputs.map((e) => (e.dtype === "float32" ? cast(e, "float16") : e));
    made.set(node, whole.has(node) ? withInputs(node, operands) : half(node, operands));
  }
  const outputs = Object.entries(graph.outputs).map(([name, e]) => [
    name,
    cast(made.get(e) as Expr, e.dtype),
  ]);
  return graphOf(Object.fromEntries(outputs), graph.inputs);
}

/** Sines, cosines and what only they use: near 1000 float16 is as coarse as half a radian. */
function angles(nodes: readonly Expr[], outputs: readonly Expr[]): Set<Expr> {
  const found = new Set<Expr>();
  const elsewhere = new Set<Expr>(outputs);
  for (const node of [...nodes].reverse()) {
    const wave = node.op === "Sin" || node.op === "Cos";
    if (wave || (!elsewhere.has(node) && !isInput(node))) found.add(node);
    else for (const operand of node.inputs) elsewhere.add(operand);
  }
  return found;
}

function half(node: Expr, inputs: readonly Expr[]): Expr {
  // Foreign nodes keep the types that they were made for.
  if (isForeign(node)) {
    return withInputs(
      node,
      inputs.map((e, i) => cast(e, node.inputs[i].dtype)),
    );
  }
  if (node.dtype !== "float32") return withInputs(node, inputs);
  if (isInput(node)) return cast(node, "float16");
  if (node.op === "Result") return cast(withInputs(node, inputs), "float16");
  if (isParameter(node)) return parameter(node.name, halfTensor(node.value));
  if (node.op === "Constant") return constant(halfTensor(node.attributes.value));
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
