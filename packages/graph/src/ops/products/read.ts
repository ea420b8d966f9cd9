import type { Expr } from "../../expr/expr.ts";
import type { ProductOp } from "../../expr/operations.ts";
import { type Dim, type Shape, shapeText } from "../../expr/shape.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { pad, reshape, slice, transpose } from "../arrange/build.ts";
import { padOrCut, pick } from "../arrange/read-slice.ts";
import { add, mul } from "../elementwise/build.ts";
import { conv2d, matmul } from "./build.ts";
import { readAttention } from "./read-attention.ts";
import { einsum } from "./read-einsum.ts";

function matmulNode(node: NodeReader): Expr {
  const [a, b] = [node.x(0), node.x(1)];
  const isRow = a.shape.length === 1;
  const isColumn = b.shape.length === 1;
  const left = isRow ? reshape(a, [1, ...a.shape]) : a;
  const right = isColumn ? reshape(b, [...b.shape, 1]) : b;
  const product = matmul(left, right);
  const [rows, columns] = product.shape.slice(-2);
  const sides = [...(isRow ? [] : [rows]), ...(isColumn ? [] : [columns])];
  return reshape(product, [...product.shape.slice(0, -2), ...sides]);
}

/** `alpha A' B' + beta C`. */
function gemm(node: NodeReader): Expr {
  const product = matmul(node.x(0), node.x(1), {
    transposeA: node.int("transA", 0) === 1,
    transposeB: node.int("transB", 0) === 1,
  });
  const scaled = (x: Expr, by: number) => (by === 1 ? x : mul(x, by));
  const scaledProduct = scaled(product, node.float("alpha", 1));
  const bias = node.optional(2);
  return bias ? add(scaledProduct, scaled(bias, node.float("beta", 1))) : scaledProduct;
}

interface Window {
  kernel: number[];
  strides: number[];
  dilations: number[];
  /** The pads before each spatial dimension, then the pads after each. */
  pads: number[];
}

/** The window of a convolution or a pooling; its pads follow from `auto_pad` where that is set. */
export function windowOf(node: NodeReader, x: Expr, weight?: Shape): Window {
  const rank = x.shape.length - 2;
  const kernel = (weight?.slice(2) as number[]) ?? node.list("kernel_shape") ?? [];
  if (kernel.length !== rank || rank < 1 || rank > 2 || kernel.some((k) => typeof k !== "number")) {
    throw unsupported(
      `input ${shapeText(x.shape)} and kernel ${shapeText(kernel)}: only 1-D and 2-D windows of fixed size are supported`,
    );
  }
  const strides = node.list("strides") ?? kernel.map(() => 1);
  const dilations = node.list("dilations") ?? kernel.map(() => 1);
  const fits = (steps: number[]) =>
    steps.length === rank && steps.every((s) => s >= 1 && s <= 1024);
  if (!fits(strides) || !fits(dilations)) {
    throw invalidModel(
      `strides [${strides.join(", ")}] and dilations [${dilations.join(", ")}] must be from 1 to 1024`,
    );
  }
  if (kernel.some((k) => !(k >= 1 && k <= 1024))) {
    throw invalidModel(`kernel ${shapeText(kernel)} must have sides from 1 to 1024`);
  }
  const auto = node.text("auto_pad", "NOTSET");
  if (auto === "NOTSET" || auto === "VALID") {
    const pads = (auto === "NOTSET" && node.list("pads")) || Array<number>(2 * rank).fill(0);
    if (pads.length !== 2 * rank)
      throw invalidModel(`pads [${pads.join(", ")}] do not fit ${shapeText(x.shape)}`);
    return { kernel, strides, dilations, pads };
  }
  node.require("auto_pad", auto, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER");
  const total = kernel.map((k, i) => {
    const size = x.shape[i + 2] as number;
    const reach = (k - 1) * dilations[i] + 1;
    return Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + reach - size);
  });
  const low = total.map((t) => Math.floor(t / 2));
  const high = total.map((t, i) => t - low[i]);
  const pads = auto === "SAME_UPPER" ? [...low, ...high] : [...high, ...low];
  return { kernel, strides, dilations, pads };
}

function conv(node: NodeReader): Expr {
  const [x, weight] = [node.x(0), node.x(1)];
  const out = convolve(x, weight, windowOf(node, x, weight.shape), node.int("group", 1));
  return withBias(out, node.optional(2));
}

/** Convolution of one or two spatial dimensions with any window. */
export function convolve(
  x: Expr,
  weight: Expr,
  { strides, dilations, pads }: Omit<Window, "kernel">,
  groups: number,
): Expr {
  if (x.shape.length === 3) {
    const flat = (e: Expr) => reshape(e, [e.shape[0], e.shape[1], 1, e.shape[2]]);
    const window = {
      strides: [1, strides[0]],
      dilations: [1, dilations[0]],
      pads: [0, pads[0], 0, pads[1]],
    };
    const out = convolve(flat(x), flat(weight), window, groups);
    return reshape(out, [out.shape[0], out.shape[1], out.shape[3]]);
  }
  const [sy, sx] = strides;
  // Negative pads cut the input.
  const cuts = pads.map((p) => Math.min(0, p));
  const input = padOrCut(x, [0, 0, ...cuts.slice(0, 2)], [0, 0, ...cuts.slice(2)]);
  const out = conv2d(input, spread(weight, dilations), {
    stride: sy === sx ? sy : 1,
    pads: pads.map((p) => Math.max(0, p)) as [number, number, number, number],
    groups,
  });
  if (sy === sx) return out;
  return slice(slice(out, 2, 0, out.shape[2] as number, sy), 3, 0, out.shape[3] as number, sx);
}

const withBias = (out: Expr, bias: Expr | undefined): Expr =>
  bias ? add(out, reshape(bias, [bias.shape[0], ...out.shape.slice(2).map(() => 1)])) : out;

/** `x` `[a, b, h, w]` with `by - 1` zeros between its rows and columns. */
function spread(x: Expr, by: readonly number[]): Expr {
  if (by.every((d) => d === 1)) return x;
  const [a, b, h, w] = x.shape as [Dim, Dim, number, number];
  const [rows, columns] = by;
  const apart = reshape(x, [a, b, h, 1, w, 1]);
  const padded = pad(apart, Array(6).fill(0), [0, 0, 0, rows - 1, 0, columns - 1]);
  const wide = reshape(padded, [a, b, h * rows, w * columns]);
  return padOrCut(wide, [0, 0, 0, 0], [0, 0, 1 - rows, 1 - columns]);
}

/** The transpose of a convolution: the input, spread by the strides, under the reversed kernel. */
function convTranspose(node: NodeReader): Expr {
  const [x, weight] = [node.x(0), node.x(1)];
  if (x.shape.length !== 4)
    throw unsupported(`only 2-D input is supported, got ${shapeText(x.shape)}`);
  node.require("auto_pad", node.text("auto_pad", "NOTSET"), "NOTSET", "VALID");
  if (node.source.attributes.has("output_shape"))
    throw unsupported("output_shape is not supported; use pads");
  const { kernel, strides, dilations, pads } = windowOf(node, x, weight.shape);
  const extra = node.list("output_padding") ?? [0, 0];
  const group = node.int("group", 1);
  const [inputs, outputs] = weight.shape as number[];
  const apart = reshape(weight, [group, inputs / group, outputs, ...kernel]);
  const shape = [group * outputs, inputs / group, ...kernel];
  const swapped = reshape(transpose(apart, [0, 2, 1, 3, 4]), shape);
  const reversed = kernel.reduce<Expr>((weights, length, i) => {
    const positions = Array.from({ length }, (_, k) => length - 1 - k);
    return pick(weights, positions, i + 2);
  }, swapped);
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]);
  const margins = pads.map((p, i) => reach[i % 2] - p + (i < 2 ? 0 : extra[i - 2]));
  const window = { strides: [1, 1], dilations, pads: margins };
  return withBias(convolve(spread(x, strides), reversed, window, group), node.optional(2));
}

export const productReaders: Readers<Exclude<ProductOp, "AveragePool" | "Resize">> = {
  MatMul: matmulNode,
  Gemm: gemm,
  Conv: conv,
  ConvTranspose: convTranspose,
  Attention: readAttention,
  Einsum: (node) => einsum(node.text("equation", ""), node.all()),
};
