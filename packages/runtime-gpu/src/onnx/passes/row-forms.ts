import {
  constant,
  type Expr,
  type ExprOf,
  elementCount,
  expand,
  type Graph,
  matmul,
  mul,
  reshape,
} from "@gen/graph";
import { expr, rewrite, usesIn, withInputs } from "@gen/graph/compiler";

/** Numbers in a row from which a product or a convolution of rows is fast; others start too often. */
const longRow = 512;

/** Numbers below which one pass by one thread takes less time than two by several. */
const forOneThread = 2 ** 20;

/**
 * The graph with single operations for what group normalization and its gradient do to the rows of
 * `[batch, groups, values]`: sums of products as matrix products, and `x * a + b` with a and b of
 * each row as a convolution of lines or a batch normalization. Each reads and writes memory once.
 * docs/decisions/0028 has the measurements.
 */
export function rowForms(graph: Graph): Graph {
  const uses = usesIn(graph);
  return rewrite(graph, (node, inputs) => {
    const [before] = node.inputs;
    const fusible = before?.op === "Mul" && uses.get(before) === 1 && isRows(before);
    const fused =
      fusible && (node.op === "ReduceSum" || node.op === "ReduceMean")
        ? rowDotProducts(node, inputs[0])
        : fusible && node.op === "Add" && affineRows(node, inputs);
    return fused || withInputs(node, inputs);
  });
}

const isRows = ({ shape, dtype }: Expr): boolean =>
  shape.length === 3 && dtype === "float32" && Number(elementCount(shape)) > 0 && shape[2] !== 1;

/** The sum or mean of products along rows. */
function rowDotProducts(node: ExprOf<"ReduceSum" | "ReduceMean">, product: Expr): Expr | undefined {
  const [a, b] = product.inputs;
  const [batch, groups, values] = product.shape as number[];
  const alike = [a, b].every(({ shape }) => shape.join() === product.shape.join());
  if (node.attributes.axes.join() !== "2" || !alike || values < longRow) return undefined;
  const rows = (e: Expr) => reshape(e, [batch * groups, 1, values]);
  const sums = reshape(matmul(rows(a), rows(b), { transposeB: true }), node.shape);
  return node.op === "ReduceSum" ? sums : mul(sums, 1 / values);
}

/** `x * a + b`, where a and b have one number for each row. */
function affineRows(node: Expr, [product, b]: readonly Expr[]): Expr | undefined {
  const [x, a] = product.inputs;
  const [batch, groups, values] = product.shape as number[];
  const each = [batch, groups, 1];
  const offset = b.shape.join();
  const fits =
    node.shape.join() === x.shape.join() &&
    a.shape.join() === each.join() &&
    (offset === each.join() || offset === each.slice(1).join());
  if (!fits) return undefined;
  const rows = batch * groups;
  if (values < longRow && rows * values >= forOneThread) return undefined;
  const lines = reshape(x, [1, rows, values]);
  const shift = reshape(b.shape.length === 3 ? b : expand(b, each), [rows]);
  // The runtime repeats constants once, when it loads the graph.
  const filled = (value: number) => expand(constant(value), [rows]);
  const line = { kernel_shape: [1], strides: [1], dilations: [1], pads: [0, 0], group: rows };
  const fused =
    values < longRow
      ? expr(
          "BatchNormalization",
          [lines, reshape(a, [rows]), shift, filled(0), filled(1)],
          lines.shape,
          { epsilon: 0 },
        )
      : expr("ConvNd", [lines, reshape(a, [rows, 1, 1]), shift], lines.shape, line);
  return reshape(fused, node.shape);
}
