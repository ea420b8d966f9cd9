import {
  abs,
  add,
  constant,
  div,
  type Expr,
  type ExprOf,
  exp,
  type Graph,
  log,
  neg,
  relu,
  reshape,
  sigmoid,
  sub,
} from "@gen/graph";
import { isParameter, rewrite, usesIn, withInputs } from "@gen/graph/compiler";
import { groupNormByRows, groupNormInSteps, isSilu, siluInParts } from "./group-norm-forms.ts";
import { isLarge } from "./large.ts";

/**
 * The graph without what ONNX Runtime's CPU provider computes slowly, with the same values.
 * `softplus(x) = relu(x) - log(sigmoid(|x|))` is vectorised and threaded: 9 times as fast.
 * In the native build, rows are normalized 3 times as fast as instances. In WebAssembly both are slow, and so
 * is the sigmoid, which does not use threads there: where there is much to compute, more operations take less time.
 * Weights come in the shapes that they are used in, for sessions that fold no constants.
 */
export function cpuRewrites(graph: Graph, native: boolean): Graph {
  // What comes from a file may need an older version of ONNX than layer normalization does.
  const byRows = native && !graph.nodes.some(({ op }) => op === "Foreign");
  const learning = new Set(graph.nodes.filter(isMean).map(({ inputs: [e] }) => e.inputs[0]));
  const inParts = (e: Expr) => !native && isLarge(e);
  const uses = usesIn(graph);
  return rewrite(graph, (node, inputs) => {
    const [x] = inputs;
    if (node.op === "GroupNormalization") {
      const [whole] = node.inputs;
      if (learning.has(whole)) return groupNormInSteps(node, inputs);
      if (inParts(node)) return groupNormInSteps(node, inputs, uses.get(whole) === 1);
      if (byRows) return groupNormByRows(node, inputs);
    }
    if (node.op === "Softplus") return sub(relu(x), log(sigmoid(abs(x))));
    if (node.op === "Sigmoid" && inParts(node)) return div(1, add(exp(neg(x)), 1));
    if (isSilu(node) && inParts(node) && uses.get(node.inputs[1]) === 1) {
      return siluInParts(x, uses.get(node.inputs[0]) === 2);
    }
    if (node.op === "Slice" && x.op === "Pad") return cropped(node, x);
    if (node.op === "Reshape" && isParameter(x)) return reshape(constant(x.value), node.shape);
    return withInputs(node, inputs);
  });
}

/** The mean of reshaped values, as the gradient of a group normalization takes it. */
const isMean = ({ op, inputs: [x] }: Expr): boolean =>
  op === "ReduceMean" && x.op === "Reshape" && x.shape.length === 3;

/** A slice of a padded tensor in one copy: ONNX's Pad takes off what negative pads say. */
function cropped(node: ExprOf<"Slice">, padded: ExprOf<"Pad">): Expr {
  const { axis, start, step } = node.attributes;
  if (step !== 1) return withInputs(node, [padded]);
  const pads = [...padded.attributes.pads];
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
