import { constant, type Expr } from "../../expr/expr.ts";
import { shapeText } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { unsupported } from "../../onnx/protobuf.ts";
import { pad, reshape, slice } from "../arrange/build.ts";
import { div, maximum } from "../elementwise/build.ts";
import { max, mean } from "../reduce/build.ts";
import { averagePool, upsampleNearest } from "./build.ts";
import { convolve, windowOf } from "./read.ts";

const planes = (x: Expr): number[] => x.shape.flatMap((_, i) => (i < 2 ? [] : [i]));

function average(c: NodeReader): Expr {
  const x = c.x(0);
  const window = windowOf(c, x);
  const { kernel, strides, pads, dilations } = window;
  c.require("ceil_mode", c.int("ceil_mode", 0), 0);
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
  const area = kernel.reduce((a, b) => a * b, 1);
  const ones = (n: number) => constant(tensor(Array(n * area).fill(1), [n, 1, ...kernel], x.dtype));
  const total = convolve(x, ones(channels), window, channels);
  if (c.int("count_include_pad", 0) === 1 || pads.every((p) => p === 0)) return div(total, area);
  const whole = x.shape.slice(2) as number[];
  const field = tensor(Array(whole.reduce((a, b) => a * b, 1)).fill(1), [1, 1, ...whole], x.dtype);
  return div(total, convolve(constant(field), ones(1), window, 1));
}

/** The largest of the window's positions, each a slice of the padded input. */
function maxPool(c: NodeReader): Expr {
  const x = c.x(0);
  c.require("ceil_mode", c.int("ceil_mode", 0), 0);
  const { kernel, strides, pads, dilations } = windowOf(c, x);
  const rank = kernel.length;
  const around = pad(
    x,
    [0, 0, ...pads.slice(0, rank)],
    [0, 0, ...pads.slice(rank)],
    Number.NEGATIVE_INFINITY,
  );
  return kernel.reduce<Expr>((made, k, i) => {
    const size = made.shape[i + 2] as number;
    const last = size - (k - 1) * dilations[i];
    const parts = Array.from({ length: k }, (_, j) =>
      slice(made, i + 2, j * dilations[i], last + j * dilations[i], strides[i]),
    );
    return parts.reduce(maximum);
  }, around);
}

/** Repetition of pixels; other ways of resizing are refused. */
function resize(c: NodeReader): Expr {
  const x = c.x(0);
  if (x.shape.length !== 4)
    throw unsupported(
      `only [batch, channels, height, width] is resized, got ${shapeText(x.shape)}`,
    );
  c.require("mode", c.text("mode", "nearest"), "nearest");
  const scales = scalesOf(c, x);
  const scale = scales[2];
  const integer =
    Number.isInteger(scale) && scale >= 1 && scales.join() === [1, 1, scale, scale].join();
  const old = c.opset < 11;
  const coordinates = c.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  const nearest = c.text("nearest_mode", old ? "floor" : "round_prefer_floor");
  const repeats =
    coordinates === "asymmetric"
      ? nearest === "floor" || (nearest === "round_prefer_floor" && scale <= 2)
      : ["half_pixel", "pytorch_half_pixel"].includes(coordinates) && nearest.startsWith("round");
  if (!integer || !repeats) {
    throw unsupported(
      `only whole repetition of pixels is supported, got scales [${scales.join(", ")}], ${coordinates}, ${nearest}`,
    );
  }
  return upsampleNearest(x, scale);
}

function scalesOf(c: NodeReader, x: Expr): readonly number[] {
  const axes = c.list("axes") ?? [0, 1, 2, 3];
  const all = (values: readonly (number | string)[], empty: (axis: number) => number | string) =>
    x.shape.map((_, i) => (axes.includes(i) ? values[axes.indexOf(i)] : empty(i)));
  const given = c.floats("scales");
  if (given) return given;
  const at = c.node.op === "Upsample" || c.opset < 11 ? 1 : 2;
  if (c.has(at) && c.dims(at).length > 0) return all(c.numbers(at), () => 1) as number[];
  return all(c.dims(3), (i) => x.shape[i]).map((d, i) =>
    d === x.shape[i] ? 1 : Number(d) / Number(x.shape[i]),
  );
}

const kept = (x: Expr, reduced: Expr) =>
  reshape(reduced, [x.shape[0], x.shape[1], ...planes(x).map(() => 1)]);

export const poolReaders: Readers<"AveragePool" | "Resize"> = {
  AveragePool: average,
  MaxPool: maxPool,
  GlobalAveragePool: (c) => kept(c.x(0), mean(c.x(0), planes(c.x(0)))),
  GlobalMaxPool: (c) => kept(c.x(0), max(c.x(0), planes(c.x(0)))),
  Resize: resize,
  Upsample: resize,
};
