import { constant, type Expr } from "../../expr/expr.ts";
import { shapeText, sizeOf } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader, Reader, Readers } from "../../onnx/node-reader.ts";
import { unsupported } from "../../onnx/protobuf.ts";
import { pad, slice } from "../arrange/build.ts";
import { div, maximum } from "../elementwise/build.ts";
import { max, mean } from "../reduce/build.ts";
import { averagePool, upsampleNearest } from "./build.ts";
import { convolve, windowOf } from "./read.ts";

function average(node: NodeReader): Expr {
  const x = node.x(0);
  const window = windowOf(node, x);
  const { kernel, strides, pads, dilations } = window;
  node.require("ceil_mode", node.int("ceil_mode", 0), 0);
  const [size] = kernel;
  const blocks =
    x.shape.length === 4 &&
    [...kernel, ...strides].every((k) => k === size) &&
    pads.every((p) => p === 0) &&
    dilations.every((d) => d === 1) &&
    x.shape.slice(2).every((d) => Number(d) % size === 0);
  if (blocks) return averagePool(x, size);
  const channels = x.shape[1];
  if (typeof channels !== "number")
    throw unsupported(`needs a fixed number of channels, got ${shapeText(x.shape)}`);
  if (!(channels <= 2 ** 12 && x.shape.slice(2).every((d) => Number(d) <= 2 ** 12))) {
    throw unsupported(`${shapeText(x.shape)} is too large to be averaged in this way`);
  }
  const area = sizeOf(kernel);
  const ones = (n: number) => constant(tensor(Array(n * area).fill(1), [n, 1, ...kernel], x.dtype));
  const total = convolve(x, ones(channels), window, channels);
  if (node.int("count_include_pad", 0) === 1 || pads.every((p) => p === 0)) return div(total, area);
  const sides = x.shape.slice(2) as number[];
  const field = tensor(Array(sizeOf(sides)).fill(1), [1, 1, ...sides], x.dtype);
  return div(total, convolve(constant(field), ones(1), window, 1));
}

/** The maximum over the window's positions, each of which is a slice of the padded input. */
function maxPool(node: NodeReader): Expr {
  const x = node.x(0);
  node.require("ceil_mode", node.int("ceil_mode", 0), 0);
  const { kernel, strides, pads, dilations } = windowOf(node, x);
  const rank = kernel.length;
  const [before, after] = [pads.slice(0, rank), pads.slice(rank)];
  const padded = pad(x, [0, 0, ...before], [0, 0, ...after], Number.NEGATIVE_INFINITY);
  return kernel.reduce<Expr>((pooled, length, i) => {
    const last = (pooled.shape[i + 2] as number) - (length - 1) * dilations[i];
    const parts = Array.from({ length }, (_, k) =>
      slice(pooled, i + 2, k * dilations[i], last + k * dilations[i], strides[i]),
    );
    return parts.reduce(maximum);
  }, padded);
}

/** @throws GenError `unsupported-operation` for a resize that does not repeat whole pixels. */
function resize(node: NodeReader): Expr {
  const x = node.x(0);
  if (x.shape.length !== 4)
    throw unsupported(
      `only [batch, channels, height, width] is resized, got ${shapeText(x.shape)}`,
    );
  node.require("mode", node.text("mode", "nearest"), "nearest");
  const scales = scalesOf(node, x);
  const scale = scales[2];
  const isWhole = scale >= 1 && scale % 1 === 0 && `${scales}` === `${[1, 1, scale, scale]}`;
  const isOld = node.opset < 11;
  const usual = isOld ? "asymmetric" : "half_pixel";
  const coordinates = node.text("coordinate_transformation_mode", usual);
  const nearest = node.text("nearest_mode", isOld ? "floor" : "round_prefer_floor");
  const repeats =
    coordinates === "asymmetric"
      ? nearest === "floor" || (nearest === "round_prefer_floor" && scale <= 2)
      : ["half_pixel", "pytorch_half_pixel"].includes(coordinates) && nearest.startsWith("round");
  if (!isWhole || !repeats) {
    throw unsupported(
      `only whole repetition of pixels is supported, got scales [${scales.join(", ")}], ${coordinates}, ${nearest}`,
    );
  }
  return upsampleNearest(x, scale);
}

function scalesOf(node: NodeReader, x: Expr): readonly number[] {
  const axes = node.list("axes") ?? [0, 1, 2, 3];
  const all = (values: readonly (number | string)[], empty: (axis: number) => number | string) =>
    x.shape.map((_, i) => (axes.includes(i) ? values[axes.indexOf(i)] : empty(i)));
  const given = node.floats("scales");
  if (given) return given;
  const at = node.source.op === "Upsample" || node.opset < 11 ? 1 : 2;
  if (node.has(at) && node.dims(at).length > 0) return all(node.numbers(at), () => 1) as number[];
  const sizes = all(node.dims(3), (i) => x.shape[i]);
  return sizes.map((d, i) => (d === x.shape[i] ? 1 : Number(d) / Number(x.shape[i])));
}

/** A reduction of each channel's pixels to one. */
const globalPool =
  (f: typeof max): Reader =>
  (node) => {
    const pixels = node
      .x(0)
      .shape.map((_, i) => i)
      .slice(2);
    return f(node.x(0), pixels, true);
  };

export const poolReaders: Readers<"AveragePool" | "Resize"> = {
  AveragePool: average,
  MaxPool: maxPool,
  GlobalAveragePool: globalPool(mean),
  GlobalMaxPool: globalPool(max),
  Resize: resize,
  Upsample: resize,
};
