import type { Expr } from "../../expr/expr.ts";
import type { ReduceOp } from "../../expr/operations.ts";
import { elementCount, normalizeAxis, shapeText } from "../../expr/shape.ts";
import { isFloat } from "../../expr/tensor.ts";
import type { NodeReader, Reader, Readers } from "../../onnx/node-reader.ts";
import { unsupported } from "../../onnx/protobuf.ts";
import { reshape, slice } from "../arrange/build.ts";
import * as e from "../elementwise/build.ts";
import { logSumExp, max, mean, softmax, sum } from "./build.ts";

type Reduce = (x: Expr, axes?: readonly number[], keepDims?: boolean) => Expr;

const reader =
  (f: Reduce): Reader =>
  (c) =>
    reduced(c, f);

function reduced(c: NodeReader, f: Reduce): Expr {
  const given = c.x(0);
  const axes = c.list("axes", 1);
  const x = isFloat(given.dtype) ? given : e.cast(given, "float64");
  const none = c.int("noop_with_empty_axes", 0) === 1 ? [] : x.shape.map((_, i) => i);
  const over = axes?.length ? axes : none;
  return e.cast(f(x, over, c.int("keepdims", 1) === 1), given.dtype);
}

const negated: Reduce = (x, axes, keep) => e.neg(max(e.neg(x), axes, keep));

/** A product of slices, for the short axes that models have it on. */
const product: Reduce = (x, axes = [], keep) => {
  const whole = axes.reduce((made, axis) => {
    const size = made.shape[normalizeAxis("ReduceProd", axis, made.shape)];
    if (!(Number(size) >= 1 && Number(size) <= 64)) {
      throw unsupported(
        `only axes of at most 64 entries are multiplied, got ${shapeText(x.shape)}`,
      );
    }
    const parts = Array.from({ length: Number(size) }, (_, i) => slice(made, axis, i, i + 1));
    return parts.reduce(e.mul);
  }, x);
  return keep ? whole : reshape(whole, sum(x, axes).shape);
};

/** Before opset 13 the dimensions from `axis` on are taken together. */
function flatSoftmax(c: NodeReader, f: (x: Expr, axis: number) => Expr): Expr {
  const x = c.x(0);
  const rank = x.shape.length;
  const axis = c.int("axis", c.opset < 13 ? 1 : -1);
  const at = axis < 0 ? axis + rank : axis;
  if (c.opset >= 13 || at === rank - 1) return f(x, at);
  const flat = [elementCount(x.shape.slice(0, at)), elementCount(x.shape.slice(at))];
  return reshape(f(reshape(x, flat), 1), x.shape);
}

export const reduceReaders: Readers<ReduceOp> = {
  ReduceSum: reader(sum),
  ReduceMean: reader(mean),
  ReduceMax: reader(max),
  ReduceProd: reader(product),
  ReduceMin: reader(negated),
  ReduceL1: reader((x, axes, keep) => sum(e.abs(x), axes, keep)),
  ReduceL2: reader((x, axes, keep) => e.sqrt(sum(e.square(x), axes, keep))),
  ReduceSumSquare: reader((x, axes, keep) => sum(e.square(x), axes, keep)),
  ReduceLogSum: reader((x, axes, keep) => e.log(sum(x, axes, keep))),
  ReduceLogSumExp: reader((x, axes, keep) => {
    if (axes?.length === 1) return logSumExp(x, axes[0], keep);
    const top = max(x, axes, true);
    const total = e.add(e.log(sum(e.exp(e.sub(x, top)), axes, true)), top);
    return keep ? total : reshape(total, sum(x, axes).shape);
  }),
  Softmax: (c) => flatSoftmax(c, softmax),
  LogSoftmax: (c) => flatSoftmax(c, (x, axis) => e.sub(x, logSumExp(x, axis, true))),
};
