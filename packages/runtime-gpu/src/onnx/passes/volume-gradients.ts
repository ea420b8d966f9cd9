import {
  constant,
  type Expr,
  type Graph,
  gather,
  reshape,
  sum,
  tensor,
  transpose,
} from "@gen/graph";
import { expr } from "@gen/graph/compiler";
import {
  isWeightGradient,
  rewriteWeightGradients,
  rowProducts,
  type WeightGradient,
} from "../../weight-gradients.ts";
import { reorderInput } from "./blocked-convolutions.ts";

/**
 * The graph with the gradients of convolutions' weights as convolutions of volumes with swapped
 * roles. The samples of a batch are the channels and the gradient is the kernel:
 *
 *   dW[o, c, ky, kx] = sum over b, i, j of g[b, o, i, j] x[b, c, i + ky, j + kx]
 *
 * x is `[1, batch, channels / block, height, width * block]`: within a block of channels the
 * channel comes last, so the runtime copies patches in runs of `kernel width * block` numbers, a
 * few at a time, and takes one matrix product over batch and pixels.
 */
export async function volumeGradients(
  graph: Graph,
  channelBlock: () => Promise<number>,
): Promise<Graph> {
  if (!graph.nodes.some(isWeightGradient)) return graph;
  const block = await channelBlock();
  return rewriteWeightGradients(graph, (each) => {
    const { x, g, shape, dilation, group } = each;
    const known = [...x.shape, ...g.shape].every((size) => typeof size === "number");
    const onePixel = shape[2] * shape[3] === 1;
    if (!known || onePixel || dilation * group !== 1) return rowProducts(each);
    return convolveGradient(each, block) ?? convolveInput(each, block);
  });
}

/** With the gradient as the image, which has fewer patches; undefined where it has not. */
function convolveGradient(
  { x, g, shape, stride, pads }: WeightGradient,
  block: number,
): Expr | undefined {
  const [out, channels, kh, kw] = shape;
  const [bottom, right] = [2, 3].map((i) => Number(x.shape[i]) - Number(g.shape[i]) + pads[i - 2]);
  const around = [kh - 1 - pads[0], kw - 1 - pads[1], bottom, right] as const;
  if (out >= channels || stride !== 1 || around.some((p) => p < 0)) return undefined;
  const swappedShape = [channels, out, kh, kw];
  const each = { x: g, g: x, shape: swappedShape, stride, dilation: 1, pads: around, group: 1 };
  const size = kh * kw;
  const flat = reshape(transpose(convolveInput(each, block), [1, 0, 2, 3]), [out, channels, size]);
  const backwards = Array.from({ length: size }, (_, i) => size - 1 - i);
  return reshape(gather(flat, constant(tensor(backwards, [size], "int64")), 2), shape);
}

/** Numbers for which the runtime takes memory in each thread when it works sample by sample. */
const mostPatches = 2 ** 22;

/** With the input as the image and the gradient as the kernel. */
function convolveInput({ x, g, shape, stride, pads }: WeightGradient, block: number): Expr {
  const [batch, , height, width] = x.shape as number[];
  const [out, channels, kh, kw] = shape;
  const blocks = block > 1 && channels % block === 0;
  const inBlock = blocks ? block : channels;
  const image = blocks ? reorderInput(x) : transpose(x, [0, 2, 3, 1]);
  const depth = channels / inBlock;
  const sides = g.shape.slice(2) as number[];
  const pixels = sides[0] * sides[1];
  const results = channels * kh * kw;
  // Sample by sample, if that makes fewer numbers than the gradient has, which stays where it is.
  const bySample = results <= pixels && results * pixels <= mostPatches;
  const group = bySample ? batch : 1;
  const kernel = bySample
    ? reshape(g, [batch * out, 1, 1, ...sides])
    : reshape(transpose(g, [1, 0, 2, 3]), [out, batch, 1, ...sides]);
  const [top, left, bottom, right] = pads;
  const conv = expr(
    "ConvNd",
    [reshape(image, [1, batch, depth, height, width * inBlock]), kernel],
    [1, group * out, depth, kh, kw * inBlock],
    {
      kernel_shape: [1, ...sides],
      strides: [1, 1, 1],
      dilations: [1, stride, stride * inBlock],
      pads: [0, top, left * inBlock, 0, bottom, right * inBlock],
      group,
    },
  );
  const sums = bySample ? sum(reshape(conv, [batch, out, depth, kh, kw * inBlock]), [0]) : conv;
  const apart = reshape(sums, [out, depth, kh * kw, inBlock]);
  return reshape(transpose(apart, [0, 1, 3, 2]), shape);
}
