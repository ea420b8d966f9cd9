import {
  add,
  concat,
  conv2d,
  type Expr,
  type Graph,
  groupNormalization,
  mul,
  sigmoid,
  slice,
} from "@gen/graph";
import { rewrite, withInputs } from "@gen/graph/compiler";
import { inputDependents, isLarge, rewriteConvolutions } from "./rewrite-convolutions.ts";

/**
 * The graph without the concatenation of channels before a convolution, as after a UNet's skips:
 * operations between the two work on each part, and the parts' convolutions are added, which ONNX
 * Runtime does while it computes the last. Only for weights that never change.
 */
export function splitConcatConvolutions(given: Graph): Graph {
  if (!given.nodes.some(isJoined)) return given;
  const graph = joinedLate(given);
  const changing = inputDependents(graph);
  return rewriteConvolutions(graph, (conv, [x, weight], bias) => {
    if (!isJoined(x) || conv.attributes.group !== 1 || changing.has(conv.inputs[1]))
      return undefined;
    const { stride, dilation, pads } = conv.attributes;
    const kernels = partsLike(x, weight, 1);
    return x.inputs
      .map((part, i) => conv2d(part, kernels[i], { stride, dilation, pads }))
      .map((each, i) => (bias && i === 0 ? add(each, bias) : each))
      .reduce((sum, each) => add(sum, each));
  });
}

/** The graph with group normalizations and activations before a concatenation; equal values. */
function joinedLate(graph: Graph): Graph {
  const changing = inputDependents(graph);
  return rewrite(graph, (node, inputs) => {
    const [x, y, z] = inputs;
    if (!x || !isJoined(x)) return withInputs(node, inputs);
    const join = (of: (part: Expr, i: number) => Expr) => concat(x.inputs.map(of), 1);
    const channels = x.inputs.map(channelsOf);
    switch (node.op) {
      case "GroupNormalization": {
        const { groups, epsilon } = node.attributes;
        const size = channelsOf(x) / groups;
        if (changing.has(node.inputs[1]) || channels.some((each) => each % size !== 0)) break;
        const [scales, biases] = [partsLike(x, y, 0), partsLike(x, z, 0)];
        return join((part, i) =>
          groupNormalization(part, scales[i], biases[i], channels[i] / size, epsilon),
        );
      }
      case "Sigmoid":
        return join((part) => sigmoid(part));
      case "Mul":
        if (!isJoined(y) || y.inputs.map(channelsOf).join() !== channels.join()) break;
        return join((part, i) => mul(part, y.inputs[i]));
    }
    return withInputs(node, inputs);
  });
}

const channelsOf = ({ shape }: Expr): number => shape[1] as number;

/** Whether `e` is images `[batch, channels, height, width]` with the channels of several. */
const isJoined = (e: Expr): boolean =>
  e.op === "Concat" && e.attributes.axis === 1 && e.shape.length === 4 && isLarge(e);

/** `whole` along an axis in parts as long as those of a join. */
function partsLike({ inputs }: Expr, whole: Expr, axis: number): Expr[] {
  let end = 0;
  return inputs.map((part) => {
    end += channelsOf(part);
    return slice(whole, axis, end - channelsOf(part), end);
  });
}
