/*
 * The gradient of a convolution's weights arrives as a convolution with swapped roles: over the
 * images as channels, with a kernel as large as an image. The passes here and in
 * `onnx/passes/volume-gradients.ts` replace it by what runtimes compute faster, with equal values.
 */
import {
  concat,
  type Expr,
  type ExprOf,
  type Graph,
  matmul,
  pad,
  reshape,
  slice,
  sum,
  transpose,
} from "@gen/graph";
import { rewrite, withInputs } from "@gen/graph/compiler";

/** The gradient of the weights of a convolution of `x`, from the gradient `g` of its result. */
export interface WeightGradient {
  /** `[batch, channels, height, width]`. */
  readonly x: Expr;
  readonly g: Expr;
  /** `[out, channels / group, height, width]`, the shape of the weights. */
  readonly shape: readonly number[];
  readonly stride: number;
  readonly dilation: number;
  /** `[top, left, bottom, right]`; rows and columns of x that no weight meets are cut off. */
  readonly pads: readonly [number, number, number, number];
  readonly group: number;
}

/** The graph with other forms of the gradients of convolutions' weights. */
export const rewriteWeightGradients = (
  graph: Graph,
  form: (gradient: WeightGradient) => Expr,
): Graph =>
  rewrite(graph, (before, operands) => {
    const node = withInputs(before, operands);
    if (!isWeightGradient(node)) return node;
    const [{ inputs, attributes }] = node.inputs;
    const { stride: dilation, dilation: stride, pads, group } = attributes;
    const shape = node.shape as number[];
    const [images, kernel] = inputs;
    const [g] = kernel.inputs;
    const [batch] = g.shape;
    const sides = images.shape.slice(2);
    const grouped = reshape(images, [shape[1], group, batch, ...sides]);
    const byImage = transpose(grouped, [2, 1, 0, 3, 4]);
    const x = reshape(byImage, [batch, group * shape[1], ...sides]);
    return form({ x, g, shape, stride, dilation, pads, group });
  });

/** Whether a value is such a convolution, with the channels of its result first again. */
export const isWeightGradient = (
  e: Expr,
): e is ExprOf<"Transpose"> & { readonly inputs: readonly [ExprOf<"Conv">] } =>
  isSwap(e) && e.inputs[0].op === "Conv" && isSwap(e.inputs[0].inputs[1]);

const isSwap = (e: Expr): boolean => e.op === "Transpose" && e.attributes.perm.join() === "1,0,2,3";

/** The graph with each gradient of a convolution's weights as {@link rowProducts}. */
export const weightGradientsByRows = (graph: Graph): Graph =>
  rewriteWeightGradients(graph, rowProducts);

/**
 * A matrix product over the pixels for each row of the kernel, sample by sample. The input is
 * shifted by rows and the gradient by columns, which takes kh + kw copies in place of kh * kw.
 * docs/decisions/0005 has the measurements.
 */
export function rowProducts({ x, g, shape, stride, dilation, pads, group }: WeightGradient): Expr {
  const [out, perGroup, kh, kw] = shape;
  const [batch, , , width] = x.shape;
  const images = (e: Expr) => reshape(e, [batch, group, (e.shape[1] as number) / group, -1]);
  const spread = spreadColumns(g, stride);
  const shifted = indices(kw).map((kx) =>
    images(window(spread, 3, pads[1] - kx * dilation, width as number)),
  );
  const columns = concat(shifted, 2);
  const products = indices(kh).map((ky) => {
    const rows = images(window(x, 2, ky * dilation - pads[0], g.shape[2] as number, stride));
    const product = sum(matmul(columns, rows, { transposeB: true }), [0]);
    return reshape(product, [1, group, kw, out / group, perGroup]);
  });
  return reshape(transpose(concat(products, 0), [1, 3, 4, 0, 2]), shape);
}

/** `x` with `by - 1` columns of zeros after each column. */
function spreadColumns(x: Expr, by: number): Expr {
  if (by === 1) return x;
  const apart = reshape(x, [...x.shape, 1]);
  const padded = pad(apart, [0, 0, 0, 0, 0], [0, 0, 0, 0, by - 1]);
  return reshape(padded, [...x.shape.slice(0, 3), (x.shape[3] as number) * by]);
}

/** `count` entries along `axis`, every `step` from `start` on; entries outside of `x` are 0. */
function window(x: Expr, axis: number, start: number, count: number, step = 1): Expr {
  const end = start + (count - 1) * step + 1;
  const only = (value: number) => x.shape.map((_, i) => (i === axis ? Math.max(value, 0) : 0));
  const padded = pad(x, only(-start), only(end - (x.shape[axis] as number)));
  const shift = Math.max(-start, 0);
  return slice(padded, axis, start + shift, end + shift, step);
}

const indices = (count: number) => Array.from({ length: count }, (_, i) => i);
