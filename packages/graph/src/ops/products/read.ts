import type { Expr } from "../../expr/expr.ts";
import type { ProductOp } from "../../expr/operations.ts";
import { type Dim, type Shape, shapeText } from "../../expr/shape.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { reshape, slice, transpose } from "../arrange/build.ts";
import { padOrCut, pick } from "../arrange/read-pad.ts";
import { add, mul } from "../elementwise/build.ts";
import { conv2d, matmul } from "./build.ts";
import { einsum } from "./read-einsum.ts";

function matmulNode(c: NodeReader): Expr {
  const [a, b] = [c.x(0), c.x(1)];
  const row = a.shape.length === 1;
  const column = b.shape.length === 1;
  const product = matmul(
    row ? reshape(a, [1, ...a.shape]) : a,
    column ? reshape(b, [...b.shape, 1]) : b,
  );
  const shape = [...product.shape];
  if (column) shape.splice(-1, 1);
  if (row) shape.splice(column ? -1 : -2, 1);
  return reshape(product, shape);
}

/** `alpha A' B' + beta C`. */
function gemm(c: NodeReader): Expr {
  const product = matmul(c.x(0), c.x(1), {
    transposeA: c.int("transA", 0) === 1,
    transposeB: c.int("transB", 0) === 1,
  });
  const scaled = (x: Expr, by: number) => (by === 1 ? x : mul(x, by));
  const alpha = scaled(product, c.float("alpha", 1));
  const bias = c.optional(2);
  return bias ? add(alpha, scaled(bias, c.float("beta", 1))) : alpha;
}

interface Window {
  kernel: number[];
  strides: number[];
  dilations: number[];
  /** Begins of the spatial dimensions, then their ends. */
  pads: number[];
}

/** How a convolution or a pooling moves, with `auto_pad` worked out. */
export function windowOf(c: NodeReader, x: Expr, weight?: Shape): Window {
  const rank = x.shape.length - 2;
  const kernel = (weight?.slice(2) as number[]) ?? c.list("kernel_shape") ?? [];
  if (kernel.length !== rank || rank < 1 || rank > 2 || kernel.some((k) => typeof k !== "number")) {
    throw unsupported(
      `input ${shapeText(x.shape)} and kernel ${shapeText(kernel)}: only 1-D and 2-D windows of fixed size are supported`,
    );
  }
  const strides = c.list("strides") ?? kernel.map(() => 1);
  const dilations = c.list("dilations") ?? kernel.map(() => 1);
  if (
    [...strides, ...dilations].some((s) => s < 1 || s > 1024) ||
    strides.length !== rank ||
    dilations.length !== rank
  ) {
    throw invalidModel(
      `strides [${strides.join(", ")}] and dilations [${dilations.join(", ")}] must be from 1 to 1024`,
    );
  }
  if (kernel.some((k) => !(k >= 1 && k <= 1024))) {
    throw invalidModel(`kernel ${shapeText(kernel)} must have sides from 1 to 1024`);
  }
  const auto = c.text("auto_pad", "NOTSET");
  if (auto === "NOTSET" || auto === "VALID") {
    const pads = (auto === "NOTSET" && c.list("pads")) || Array<number>(2 * rank).fill(0);
    if (pads.length !== 2 * rank)
      throw invalidModel(`pads [${pads.join(", ")}] do not fit ${shapeText(x.shape)}`);
    return { kernel, strides, dilations, pads };
  }
  c.require("auto_pad", auto, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER");
  const total = kernel.map((k, i) => {
    const size = x.shape[i + 2] as number;
    const reach = (k - 1) * dilations[i] + 1;
    return Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + reach - size);
  });
  const low = total.map((t) => Math.floor(t / 2));
  const high = total.map((t, i) => t - low[i]);
  return {
    kernel,
    strides,
    dilations,
    pads: auto === "SAME_UPPER" ? [...low, ...high] : [...high, ...low],
  };
}

function conv(c: NodeReader): Expr {
  const x = c.x(0);
  const weight = c.x(1);
  const out = convolve(x, weight, windowOf(c, x, weight.shape), c.int("group", 1));
  return withBias(out, c.optional(2));
}

/** Convolution of one or two spatial dimensions with any window. */
export function convolve(
  x: Expr,
  weight: Expr,
  { strides, dilations, pads }: Window,
  groups: number,
): Expr {
  if (x.shape.length === 3) {
    const flat = (e: Expr) => reshape(e, [e.shape[0], e.shape[1], 1, e.shape[2]]);
    const options = {
      kernel: [],
      strides: [1, strides[0]],
      dilations: [1, dilations[0]],
      pads: [0, pads[0], 0, pads[1]],
    };
    const out = convolve(flat(x), flat(weight), options, groups);
    return reshape(out, [out.shape[0], out.shape[1], out.shape[3]]);
  }
  const [sy, sx] = strides;
  const out = conv2d(padOrCut(x, cuts(pads, 0), cuts(pads, 2)), spread(weight, dilations), {
    stride: sy === sx ? sy : 1,
    pads: pads.map((p) => Math.max(0, p)) as [number, number, number, number],
    groups,
  });
  if (sy === sx) return out;
  return slice(slice(out, 2, 0, out.shape[2] as number, sy), 3, 0, out.shape[3] as number, sx);
}

/** The negative ones of two pads, which cut the input. */
const cuts = (pads: readonly number[], from: number) => [
  0,
  0,
  Math.min(0, pads[from]),
  Math.min(0, pads[from + 1]),
];

const withBias = (out: Expr, bias: Expr | undefined): Expr =>
  bias ? add(out, reshape(bias, [bias.shape[0], ...out.shape.slice(2).map(() => 1)])) : out;

/** `x` `[a, b, h, w]` with `by - 1` zeros between its rows and columns. */
function spread(x: Expr, by: readonly number[]): Expr {
  if (by.every((d) => d === 1)) return x;
  const [a, b, h, w] = x.shape as [Dim, Dim, number, number];
  const apart = padOrCut(
    reshape(x, [a, b, h, 1, w, 1]),
    [0, 0, 0, 0, 0, 0],
    [0, 0, 0, by[0] - 1, 0, by[1] - 1],
  );
  const wide = reshape(apart, [a, b, h * by[0], w * by[1]]);
  return padOrCut(wide, [0, 0, 0, 0], [0, 0, 1 - by[0], 1 - by[1]]);
}

/** The transpose of a convolution: a convolution of the spread input with the turned kernel. */
function convTranspose(c: NodeReader): Expr {
  const x = c.x(0);
  const weight = c.x(1);
  if (x.shape.length !== 4)
    throw unsupported(`only 2-D input is supported, got ${shapeText(x.shape)}`);
  c.require("auto_pad", c.text("auto_pad", "NOTSET"), "NOTSET", "VALID");
  if (c.node.attributes.has("output_shape"))
    throw unsupported("output_shape is not supported; use pads");
  const { kernel, strides, dilations, pads } = windowOf(c, x, weight.shape);
  const extra = c.list("output_padding") ?? [0, 0];
  const group = c.int("group", 1);
  const [inputs, outputs] = weight.shape as number[];
  const apart = reshape(weight, [group, inputs / group, outputs, ...kernel]);
  const swapped = reshape(transpose(apart, [0, 2, 1, 3, 4]), [
    group * outputs,
    inputs / group,
    ...kernel,
  ]);
  const turned = kernel.reduce<Expr>(
    (made, k, i) =>
      pick(
        made,
        Array.from({ length: k }, (_, j) => k - 1 - j),
        i + 2,
      ),
    swapped,
  );
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]);
  const margins = pads.map((p, i) => reach[i % 2] - p + (i < 2 ? 0 : extra[i - 2]));
  const window = { kernel, strides: [1, 1], dilations, pads: margins };
  return withBias(convolve(spread(x, strides), turned, window, group), c.optional(2));
}

export const productReaders: Readers<Exclude<ProductOp, "AveragePool" | "Resize">> = {
  MatMul: matmulNode,
  Gemm: gemm,
  Conv: conv,
  ConvTranspose: convTranspose,
  Einsum: (c) =>
    einsum(
      c.text("equation", ""),
      c.operands.map((_, i) => c.x(i)),
    ),
};
