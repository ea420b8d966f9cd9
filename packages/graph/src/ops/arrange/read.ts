import { constant, type Expr } from "../../expr/expr.ts";
import type { ArrangeOp } from "../../expr/operations.ts";
import { type Dim, elementCount, normalizeAxis, shapeText } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { where } from "../elementwise/build.ts";
import { concat, reshape, transpose } from "./build.ts";
import { expandTo } from "./read-expand.ts";
import { padded } from "./read-pad.ts";

function reshapeNode(c: NodeReader): Expr {
  const x = c.x(0);
  const target = c.opset < 5 ? (c.list("shape") ?? []) : c.dims(1);
  const copies = c.int("allowzero", 0) === 0;
  return reshape(
    x,
    target.map((d, i) => (d === 0 && copies ? x.shape[i] : d)),
  );
}

function axesOf(c: NodeReader, rank: number): number[] | undefined {
  return c.list("axes", 1)?.map((a) => normalizeAxis(c.node.op, a, Array(rank).fill(1)));
}

function squeeze(c: NodeReader): Expr {
  const x = c.x(0);
  const axes = axesOf(c, x.shape.length);
  const wrong = axes?.find((a) => x.shape[a] !== 1);
  if (wrong !== undefined)
    throw invalidModel(`axis ${wrong} of ${shapeText(x.shape)} is not of length 1`);
  return reshape(
    x,
    x.shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)),
  );
}

function unsqueeze(c: NodeReader): Expr {
  const x = c.x(0);
  const count = c.list("axes", 1)?.length ?? 0;
  const axes = axesOf(c, x.shape.length + count) ?? [];
  const rest = [...x.shape];
  const shape = Array.from({ length: x.shape.length + count }, (_, i) =>
    axes.includes(i) ? 1 : (rest.shift() as Dim),
  );
  return reshape(x, shape);
}

function flatten(c: NodeReader): Expr {
  const x = c.x(0);
  const axis = c.int("axis", 1);
  const at = axis < 0 ? axis + x.shape.length : axis;
  return reshape(x, [elementCount(x.shape.slice(0, at)), elementCount(x.shape.slice(at))]);
}

function tile(c: NodeReader): Expr {
  const x = c.x(0);
  return c.dims(1).reduce<Expr>((made, times, axis) => {
    if (times === 1) return made;
    if (made.shape[axis] === 1) {
      return expandTo(
        c,
        made,
        made.shape.map((d, i) => (i === axis ? times : d)),
      );
    }
    if (typeof times === "number" && times >= 1 && times <= 1024)
      return concat(Array(times).fill(made), axis);
    throw unsupported(`cannot repeat ${shapeText(x.shape)} ${times} times along axis ${axis}`);
  }, x);
}

/** `[b, c, h, w]` to `[b, c / s / s, h s, w s]`. */
function depthToSpace(c: NodeReader): Expr {
  const x = c.x(0);
  const s = c.int("blocksize", 1);
  const [batch, channels, h, w] = x.shape as [Dim, number, number, number];
  const rows = c.text("mode", "DCR") === "DCR";
  const apart = reshape(
    x,
    rows ? [batch, s, s, channels / s / s, h, w] : [batch, channels / s / s, s, s, h, w],
  );
  const order = rows ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  return reshape(transpose(apart, order), [batch, channels / s / s, h * s, w * s]);
}

function spaceToDepth(c: NodeReader): Expr {
  const x = c.x(0);
  const s = c.int("blocksize", 1);
  const [batch, channels, h, w] = x.shape as [Dim, number, number, number];
  const apart = reshape(x, [batch, channels, h / s, s, w / s, s]);
  return reshape(transpose(apart, [0, 3, 5, 1, 2, 4]), [batch, channels * s * s, h / s, w / s]);
}

/** The lower or upper triangle of the last two dimensions, with zeros elsewhere. */
function triangle(c: NodeReader): Expr {
  const x = c.x(0);
  const [rows, columns] = x.shape.slice(-2).map(Number);
  if (!(rows * columns <= 2 ** 20)) {
    throw unsupported(`needs two last dimensions of fixed, modest size, got ${shapeText(x.shape)}`);
  }
  const k = c.has(1) ? c.numbers(1)[0] : 0;
  const upper = c.int("upper", 1) === 1;
  const kept = Array.from({ length: rows * columns }, (_, i) => {
    const above = (i % columns) - Math.floor(i / columns);
    return Number(upper ? above >= k : above <= k);
  });
  return where(constant(tensor(kept, [rows, columns], "bool")), x, 0);
}

export const arrangeReaders: Readers<Exclude<ArrangeOp, "Gather" | "Slice">> = {
  Reshape: reshapeNode,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: (c) => {
    const x = c.x(0);
    return transpose(x, c.list("perm") ?? x.shape.map((_, i) => x.shape.length - 1 - i));
  },
  Concat: (c) =>
    concat(
      c.operands.map((_, i) => c.x(i)),
      c.int("axis", 0),
    ),
  Pad: padded,
  Expand: (c) => expandTo(c, c.x(0), c.dims(1)),
  Tile: tile,
  Trilu: triangle,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
