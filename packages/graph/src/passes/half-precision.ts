import { constant, type Expr, isInput, isParameter, parameter } from "../expr/expr.ts";
import { isForeign } from "../expr/foreign.ts";
import { type Tensor, tensor, tensorNumbers } from "../expr/tensor.ts";
import { type Graph, graphOf, rebuild, topological, withInputs } from "../expr/trace.ts";
import { cast } from "../ops/elementwise/build.ts";

const SMALLEST = 2 ** -24;
const LARGEST = 65504;

/**
 * The same graph in float16 instead of float32. Inputs and outputs keep their dtypes; sines,
 * cosines and their operands stay float32.
 */
export function halfPrecision(graph: Graph): Graph {
  const outputs = Object.values(graph.outputs);
  const exact = angles(topological(outputs), outputs);
  const halved = rebuild(graph.outputs, (node, inputs) => {
    if (exact.has(node)) {
      const operands = node.inputs.map((from, i) =>
        isInput(from) ? from : cast(inputs[i], from.dtype),
      );
      return withInputs(node, operands);
    }
    const operands = inputs.map((e) => (e.dtype === "float32" ? cast(e, "float16") : e));
    return half(node, operands);
  });
  const named = Object.entries(graph.outputs).map(([name, e]) => [
    name,
    cast(halved[name], e.dtype),
  ]);
  return graphOf(Object.fromEntries(named), graph.inputs);
}

/** Sines, cosines and the values that only they use: float16 has steps of 0.5 rad near 1000. */
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
    const operands = inputs.map((e, i) => cast(e, node.inputs[i].dtype));
    return withInputs(node, operands);
  }
  if (node.dtype !== "float32") return withInputs(node, inputs);
  if (isInput(node)) return cast(node, "float16");
  if (node.op === "Result") return cast(withInputs(node, inputs), "float16");
  if (isParameter(node)) return parameter(node.name, halfTensor(node.value));
  if (node.op === "Constant") return constant(halfTensor(node.attributes.value));
  if (node.op === "Cast" && inputs[0].dtype === "float16") return inputs[0];
  return { ...node, inputs, dtype: "float16" };
}

/** A tensor in float16; finite numbers stay finite and numbers other than 0 do not become 0. */
function halfTensor(value: Tensor): Tensor {
  const numbers = Float64Array.from(tensorNumbers(value), (v) => {
    if (v === 0 || !Number.isFinite(v)) return v;
    return Math.sign(v) * Math.min(LARGEST, Math.max(SMALLEST, Math.abs(v)));
  });
  return tensor(numbers, value.shape, "float16");
}
