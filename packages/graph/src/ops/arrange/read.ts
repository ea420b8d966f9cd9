import { constant, type Expr } from "../../expr/expr.ts";
import type { ArrangeOp } from "../../expr/operations.ts";
import {
  axisOf,
  broadcastShapes,
  type Dim,
  dimParts,
  elementCount,
  fromFront,
  normalizeAxis,
  type Shape,
  shapeText,
} from "../../expr/shape.ts";
import { type Tensor, tensor } from "../../expr/tensor.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { isStatic, staticTensor, staticValue, type Value } from "../../onnx/static-value.ts";
import { cast, mul, where } from "../elementwise/build.ts";
import {
  concat,
  expand,
  expandLike,
  gather,
  onesLike,
  reshape,
  slice,
  transpose,
} from "./build.ts";

function constantNode(node: NodeReader): Value {
  const has = (name: string) => node.source.attributes.has(name);
  const numbers = (): Tensor | undefined => {
    if (has("value_float")) return tensor([node.float("value_float", 0)], []);
    if (has("value_int")) return tensor([node.int("value_int", 0)], [], "int64");
    if (has("value_floats")) return tensor(node.floats("value_floats") ?? []);
    const ints = node.list("value_ints");
    return ints && tensor(ints, undefined, "int64");
  };
  const value = node.tensor("value") ?? numbers();
  if (!value) throw unsupported("only constants that are numeric tensors are supported");
  return staticTensor(value) ?? constant(value);
}

function constantOfShape(node: NodeReader): Expr {
  const value = node.tensor("value") ?? tensor([0]);
  return expandTo(node, constant(tensor(value.data, [], value.dtype)), node.dims(0));
}

function shapeNode(node: NodeReader): Value {
  const operand = node.value(0);
  const shape: Shape = isStatic(operand) ? operand.dims : node.x(0).shape;
  const end = node.source.attributes.has("end") ? node.int("end", 0) : undefined;
  const part = shape.slice(node.int("start", 0), end);
  return staticValue("int64", [part.length], part);
}

/** `x` repeated to `shape`, whose dynamic dimensions come from other values of the model. */
function expandTo(node: NodeReader, x: Expr, shape: Shape): Expr {
  const full = broadcastShapes("Expand", x.shape, shape);
  const isOwn = (d: Dim, i: number) => d === x.shape[i - full.length + x.shape.length];
  const fixed = full.map((d, i) => (typeof d === "number" || isOwn(d, i) ? d : 1));
  return full.reduce<Expr>(
    (repeated, d, axis) => {
      if (typeof d === "number" || repeated.shape[axis] === d) return repeated;
      const along = full.map((_, i) => (i === axis ? d : 1));
      const vector = reshape(vectorOf(node, d), along);
      const { dtype } = repeated;
      const number = dtype === "bool" ? "float32" : dtype;
      return cast(mul(cast(repeated, number), expandLike(constant(1, number), vector)), dtype);
    },
    expand(x, fixed),
  );
}

/** A vector of length `dim` with any values. */
function vectorOf(node: NodeReader, dim: string): Expr {
  const source = node.context.valueWithDim(dim);
  if (source) return reshape(firstAlong(source, axisOf(source.shape, dim)), [dim]);
  const [part, ...others] = dimParts(dim);
  if (others.length === 0 || Number(part) > 2 ** 16) {
    throw unsupported(`no value has the dynamic dimension ${dim}; give it a fixed size`);
  }
  const rest = others.join("*");
  const ones = (name: string) => onesLike(cast(vectorOf(node, name), "float32"));
  const row = typeof part === "string" ? ones(part) : constant(tensor(Array(part).fill(1)));
  return reshape(mul(row, reshape(ones(rest), [rest, 1])), [dim]);
}

/** The first entries of `x` along every axis but `axis`. */
function firstAlong(x: Expr, axis: number): Expr {
  return x.shape.reduce<Expr>((part, d, i) => {
    if (i === axis || d === 1) return part;
    return typeof d === "number"
      ? slice(part, i, 0, 1)
      : gather(part, constant(tensor([0], [1], "int32")), i);
  }, x);
}

function reshapeNode(node: NodeReader): Expr {
  const x = node.x(0);
  const copies = node.int("allowzero", 0) === 0;
  const shape = node.dims(1).map((d, i) => {
    if (d !== 0 || !copies) return d;
    if (i < x.shape.length) return x.shape[i];
    throw invalidModel(`size ${i} copies a dimension that ${shapeText(x.shape)} lacks`);
  });
  return reshape(x, shape);
}

const axesOf = (node: NodeReader, rank: number): number[] | undefined =>
  node.list("axes", 1)?.map((a) => normalizeAxis(node.source.op, a, Array(rank).fill(1)));

function squeeze(node: NodeReader): Expr {
  const x = node.x(0);
  const axes = axesOf(node, x.shape.length);
  const wrong = axes?.find((a) => x.shape[a] !== 1);
  if (wrong !== undefined)
    throw invalidModel(`axis ${wrong} of ${shapeText(x.shape)} is not of length 1`);
  const shape = x.shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1));
  return reshape(x, shape);
}

function unsqueeze(node: NodeReader): Expr {
  const x = node.x(0);
  const rank = x.shape.length + (node.list("axes", 1)?.length ?? 0);
  const axes = axesOf(node, rank) ?? [];
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, i) =>
    axes.includes(i) ? 1 : (rest.shift() as Dim),
  );
  return reshape(x, shape);
}

function flatten(node: NodeReader): Expr {
  const x = node.x(0);
  const axis = fromFront(node.int("axis", 1), x.shape.length);
  return reshape(x, [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis))]);
}

function tile(node: NodeReader): Expr {
  const x = node.x(0);
  return node.dims(1).reduce<Expr>((tiled, times, axis) => {
    if (times === 1) return tiled;
    const shape = tiled.shape.map((d, i) => (i === axis ? times : d));
    if (tiled.shape[axis] === 1) return expandTo(node, tiled, shape);
    if (typeof times === "number" && times >= 1 && times <= 1024)
      return concat(Array(times).fill(tiled), axis);
    throw unsupported(`cannot repeat ${shapeText(x.shape)} ${times} times along axis ${axis}`);
  }, x);
}

/** `[b, c, h, w]` to `[b, c / s / s, h s, w s]`. */
function depthToSpace(node: NodeReader): Expr {
  const x = node.x(0);
  const s = node.int("blocksize", 1);
  const [batch, channels, h, w] = x.shape as [Dim, number, number, number];
  const out = channels / s / s;
  const isDcr = node.text("mode", "DCR") === "DCR";
  const apart = reshape(x, isDcr ? [batch, s, s, out, h, w] : [batch, out, s, s, h, w]);
  const order = isDcr ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  return reshape(transpose(apart, order), [batch, out, h * s, w * s]);
}

function spaceToDepth(node: NodeReader): Expr {
  const x = node.x(0);
  const s = node.int("blocksize", 1);
  const [batch, channels, h, w] = x.shape as [Dim, number, number, number];
  const apart = reshape(x, [batch, channels, h / s, s, w / s, s]);
  return reshape(transpose(apart, [0, 3, 5, 1, 2, 4]), [batch, channels * s * s, h / s, w / s]);
}

/** The lower or upper triangle of the last two dimensions, with zeros elsewhere. */
function triangle(node: NodeReader): Expr {
  const x = node.x(0);
  const [rows, columns] = x.shape.slice(-2).map(Number);
  if (!(rows * columns <= 2 ** 20)) {
    throw unsupported(`needs two last dimensions of fixed, modest size, got ${shapeText(x.shape)}`);
  }
  const k = node.has(1) ? node.numbers(1)[0] : 0;
  const upper = node.int("upper", 1) === 1;
  const kept = Array.from({ length: rows * columns }, (_, i) => {
    const above = (i % columns) - Math.floor(i / columns);
    return Number(upper ? above >= k : above <= k);
  });
  return where(constant(tensor(kept, [rows, columns], "bool")), x, 0);
}

export const arrangeReaders: Readers<Exclude<ArrangeOp, "Gather" | "Slice" | "Pad">> = {
  Constant: constantNode,
  ConstantOfShape: constantOfShape,
  Shape: shapeNode,
  Size: (node) => staticValue("int64", [], [elementCount(node.x(0).shape)]),
  Range: () => {
    throw unsupported("its bounds must be constants");
  },
  Reshape: reshapeNode,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: (node) => {
    const x = node.x(0);
    return transpose(x, node.list("perm") ?? x.shape.map((_, i) => x.shape.length - 1 - i));
  },
  Concat: (node) => concat(node.all(), node.int("axis", 0)),
  Expand: (node) => expandTo(node, node.x(0), node.dims(1)),
  Tile: tile,
  Trilu: triangle,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
