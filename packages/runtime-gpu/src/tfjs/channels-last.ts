import { type Expr, type ExprOf, type Graph, reshape, transpose } from "@gen/graph";
import { type ComputedOp, expr, isElementwise, rewrite, withInputs } from "@gen/graph/compiler";

const toFirst = [0, 3, 1, 2];
const toLast = [0, 2, 3, 1];

/**
 * The graph with images as TensorFlow.js's kernels take them, `[batch, height, width, channels]`,
 * through every run of operations on images; filters become `[height, width, in, out]`. The values
 * are the same, and most transposes go.
 */
export const channelsLast = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const [x] = inputs;
    if (node.op === "Conv") {
      return asFirst({ ...node, inputs: [last(x), transpose(inputs[1], [2, 3, 1, 0])] });
    }
    if (!inputs.some(isLast) || node.shape.length !== 4) return withInputs(node, inputs);
    if (isImageOp(node)) return asFirst(onLast(node, [last(x), ...inputs.slice(1)]));
    if (node.op === "Concat" && node.attributes.axis === 1) {
      return asFirst({ ...node, inputs: inputs.map(last), attributes: { axis: 3 } });
    }
    if (isElementwise(node)) return asFirst({ ...node, inputs: inputs.map(operand) });
    return withInputs(node, inputs);
  });

type ImageOp = "GroupNormalization" | "Resize" | "AveragePool";

const isImageOp = (e: Expr): e is ExprOf<ImageOp> =>
  e.op === "GroupNormalization" || e.op === "Resize" || e.op === "AveragePool";

const onLast = <O extends ImageOp>(node: ExprOf<O>, inputs: readonly Expr[]): ExprOf<O> =>
  expr<O>(node.op, inputs, node.shape, { ...node.attributes, channelsLast: true }, node.dtype);

const isLast = (e: Expr): boolean =>
  e.op === "Transpose" && e.attributes.perm.join() === toFirst.join();

/** An image with its channels last. */
function last(x: Expr): Expr {
  if (isLast(x)) return x.inputs[0];
  const [batch, channels, height, width] = x.shape;
  if (height === 1 && width === 1) return reshape(x, [batch, 1, 1, channels]);
  return transpose(x, toLast);
}

/** An operand that may be broadcast. */
function operand(x: Expr): Expr {
  const rank = x.shape.length;
  if (rank === 0) return x;
  return last(rank === 4 ? x : reshape(x, [...Array(4 - rank).fill(1), ...x.shape]));
}

/** `node`, computed with its channels last, with its channels first again. */
const asFirst = (node: ExprOf<ComputedOp>): Expr =>
  transpose({ ...node, shape: toLast.map((axis) => node.shape[axis]) }, toFirst);
