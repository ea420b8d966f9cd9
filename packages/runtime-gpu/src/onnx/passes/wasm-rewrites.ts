import {
  conv2d,
  type Expr,
  type ExprOf,
  elementCount,
  type Graph,
  pad,
  reshape,
  slice,
  transpose,
} from "@gen/graph";
import { expr, rewrite, withInputs } from "@gen/graph/compiler";

/** The graph in the forms that ONNX Runtime's WebAssembly build computes fastest, with the same values. */
export const wasmRewrites = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    if (node.op === "Conv") return stacked(node, inputs) ?? withInputs(node, inputs);
    if (node.op === "ReduceMean") return pooled(node, inputs) ?? withInputs(node, inputs);
    return withInputs(node, inputs);
  });

/**
 * A convolution with more channels than pixels, with the images of the batch below one another in one: image by
 * image, the runtime would share each of the small products among its threads.
 */
function stacked(node: ExprOf<"Conv">, [x, weight]: readonly Expr[]): Expr | undefined {
  const { group, stride, pads } = node.attributes;
  const [batch, channels, height, width] = x.shape;
  const [, out, rows, columns] = node.shape;
  const sizes = [batch, channels, height, width, out, rows, columns].map(Number);
  if (sizes.some(Number.isNaN) || group !== 1 || batch === 1) return undefined;
  const [b, c, h, w, o, r, s] = sizes;
  const [, , kh, kw] = weight.shape as number[];
  if (o <= r * s || kh * kw === 1) return undefined;
  const [top, left, bottom, right] = pads;
  // Rows of zeros between the images, no fewer than a kernel reaches beyond one.
  const period = stride * Math.ceil((h + Math.max(top, bottom)) / stride);
  const images = pad(transpose(x, [1, 0, 2, 3]), [0, 0, 0, 0], [0, 0, period - h, 0]);
  const one = reshape(images, [1, c, b * period, w]);
  // Below the last image there are rows enough for whole periods.
  const below = kh - stride - top;
  const made = conv2d(one, weight, { stride, pads: [top, left, Math.max(below, 0), right] });
  const all = b * (period / stride);
  const whole = reshape(slice(made, 2, 0, all), [o, b, period / stride, s]);
  return transpose(slice(whole, 2, 0, r), [1, 0, 2, 3]);
}

/** Elements from which on a sum over them takes longer than starting another operation. */
const large = 2 ** 12;

/** The mean of rows as a pool, which is computed in vectors. */
function pooled(node: ExprOf<"ReduceMean">, [x]: readonly Expr[]): Expr | undefined {
  const { axes, keepdims } = node.attributes;
  const { shape, dtype } = x;
  if (shape.length !== 3 || axes.join() !== "2" || !keepdims || dtype !== "float32")
    return undefined;
  if (!(Number(elementCount(shape)) >= large)) return undefined;
  return expr("GlobalAveragePool", [x], node.shape, {});
}
