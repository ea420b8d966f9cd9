import {
  abs,
  add,
  cast,
  constant,
  div,
  type Expr,
  elementCount,
  exp,
  type Graph,
  groupStatistics,
  log,
  mul,
  neg,
  relu,
  reshape,
  rewrite,
  sigmoid,
  sub,
  tensor,
  withInputs,
} from "@gen/graph";

/**
 * The graph without what ONNX Runtime's CPU provider computes slowly, with the same values.
 * `softplus(x) = relu(x) - log(sigmoid(|x|))` is vectorised and threaded: 9 times as fast.
 * In the native build, rows are normalised 3 times as fast as instances. In WebAssembly both are slow, and so
 * is the sigmoid, which does not use threads there: where there is much to compute, more operations take less time.
 */
export function tuneForCpu(graph: Graph, native: boolean): Graph {
  // What comes from a file may need an older version of ONNX than layer normalisation does.
  const byRows = native && !graph.nodes.some(({ op }) => op === "Foreign");
  const learning = new Set(graph.nodes.filter(isMean).map(({ inputs: [e] }) => e.inputs[0]));
  const inParts = ({ shape }: Expr) => !native && Number(elementCount(shape)) >= large;
  return rewrite(graph, (node, inputs) => {
    const [x] = inputs;
    if (node.op === "GroupNormalization") {
      if (learning.has(node.inputs[0]) || inParts(node)) return normalisedInSteps(node, inputs);
      if (byRows) return normalisedRows(node, inputs);
    }
    if (node.op === "Softplus") return sub(relu(x), log(sigmoid(abs(x))));
    if (node.op === "Sigmoid" && inParts(node)) return div(1, onePlusExp(x));
    if (isSilu(node) && inParts(node)) return siluInParts(x);
    if (node.op === "Slice" && x.op === "Pad") return cropped(node, x);
    return withInputs(node, inputs);
  });
}

/** The mean of reshaped values, as the gradient of a group normalisation takes it. */
const isMean = ({ op, inputs: [x] }: Expr): boolean =>
  op === "ReduceMean" && x.op === "Reshape" && x.shape.length === 3;

/** Elements from which on a pass over them takes longer than starting an operation. */
const large = 2 ** 15;

/** `x * sigmoid(x)`. */
const isSilu = ({ op, inputs: [x, y] }: Expr): boolean =>
  op === "Mul" && y.op === "Sigmoid" && y.inputs[0] === x;

/**
 * `x / (1 + e^-x)`; of `c * gain + bias`, as a normalisation ends, from its negative, which spares a pass.
 */
function siluInParts(x: Expr): Expr {
  const [sum, bias] = x.op === "Reshape" && x.inputs[0].op === "Add" ? x.inputs[0].inputs : [];
  if (sum?.op !== "Mul") return div(x, onePlusExp(x));
  const negative = add(mul(sum.inputs[0], neg(sum.inputs[1])), neg(bias));
  return reshape(div(negative, sub(-1, exp(negative))), x.shape);
}

/** `1 + e^-x`, over which 1 is the sigmoid; where it overflows, the quotient is rightly 0. */
const onePlusExp = (x: Expr): Expr => add(exp(neg(x)), 1);

/** Group normalisation from the statistics that its gradient needs as well. */
function normalisedInSteps(node: Expr, [x, scale, bias]: readonly Expr[]): Expr {
  const { groups, epsilon } = node.attributes as Record<string, number>;
  const [batch, channels] = x.shape as number[];
  const { centred, rate } = groupStatistics(x, groups, epsilon);
  const gain = mul(rate, reshape(scale, [groups, channels / groups]));
  const scaled = mul(reshape(centred, [batch, channels, -1]), reshape(gain, [batch, channels, 1]));
  return reshape(add(scaled, reshape(bias, [channels, 1])), x.shape);
}

/** Group normalisation as that of rows, which the runtime does in parallel. */
function normalisedRows(node: Expr, inputs: readonly Expr[]): Expr {
  const [x, scale, bias] = inputs;
  const { groups, epsilon } = node.attributes as Record<string, number>;
  const [batch, channels, ...sides] = x.shape as number[];
  const size = elementCount([channels / groups, ...sides]);
  if (typeof size !== "number" || x.dtype !== "float32") return withInputs(node, inputs);
  const rows = reshape(x, [batch, groups, size]);
  const filled = (value: number) => constant(tensor(new Float32Array(size).fill(value), [size]));
  const unit: Expr = {
    ...rows,
    op: "LayerNormalization",
    inputs: [rows, filled(1), filled(0)],
    attributes: { epsilon },
  };
  const perChannel = (e: Expr) => reshape(e, [1, channels, ...sides.map(() => 1)]);
  return add(mul(reshape(unit, x.shape), perChannel(scale)), perChannel(bias));
}

/** A slice of a padded tensor in one copy: ONNX's Pad takes off what negative pads say. */
function cropped(node: Expr, padded: Expr): Expr {
  const { axis, start, step } = node.attributes as Record<string, number>;
  if (step !== 1) return withInputs(node, [padded]);
  const pads = [...(padded.attributes.pads as readonly number[])];
  const rank = node.shape.length;
  const end = start + (node.shape[axis] as number);
  pads[axis] -= start;
  pads[axis + rank] -= (padded.shape[axis] as number) - end;
  const taken = [axis, axis + rank].map((at) => Math.max(-pads[at], 0));
  // What is left of the tensor itself may not be less than nothing.
  if (taken[0] + taken[1] > (padded.inputs[0].shape[axis] as number))
    return withInputs(node, [padded]);
  const attributes = { ...padded.attributes, pads };
  return { ...padded, shape: node.shape, attributes };
}

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
