import { type Expr, type Graph, reshape, rewrite, transpose, withInputs } from "@gen/graph";

const toFirst = [0, 3, 1, 2];
const toLast = [0, 2, 3, 1];

/**
 * The graph with images as TensorFlow.js's kernels take them, `[batch, height, width, channels]`, for as long
 * as operations on images follow one another; filters become `[height, width, in, out]`. The values are the
 * same, and each run is spared most of its transposes.
 */
export const channelsLast = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const [x] = inputs;
    if (node.op === "Conv") return onLast(node, [last(x), transpose(inputs[1], [2, 3, 1, 0])]);
    if (!inputs.some(isLast) || node.shape.length !== 4) return withInputs(node, inputs);
    if (images.has(node.op)) return onLast(node, [last(x), ...inputs.slice(1)]);
    if (node.op === "Concat" && node.attributes.axis === 1) {
      return onLast(node, inputs.map(last), { axis: 3 });
    }
    if (elementwise.has(node.op)) return onLast(node, inputs.map(operand));
    return withInputs(node, inputs);
  });

const images: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "GroupNormalization",
  "Resize",
  "AveragePool",
]);
const elementwise: ReadonlySet<string> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ "Add Sub Mul Div Pow Max Min Neg Exp Log Sqrt Abs Tanh Sigmoid Softplus Relu Erf".split(
    " ",
  ),
);

const isLast = ({ op, attributes }: Expr): boolean =>
  op === "Transpose" && (attributes.perm as readonly number[]).join() === toFirst.join();

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

function onLast(node: Expr, inputs: readonly Expr[], attributes: Expr["attributes"] = {}): Expr {
  const shape = toLast.map((axis) => node.shape[axis]);
  const made = {
    ...node,
    inputs,
    shape,
    attributes: { ...node.attributes, ...attributes, last: 1 },
  };
  return transpose(made, toFirst);
}
