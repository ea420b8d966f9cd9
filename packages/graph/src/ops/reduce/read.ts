import { constant, type Expr } from "../../expr/expr.ts";
import type { ReduceOp } from "../../expr/operations.ts";
import { elementCount, fromFront, normalizeAxis, shapeText } from "../../expr/shape.ts";
import { isFloat, tensor } from "../../expr/tensor.ts";
import type { NodeReader, Reader, Readers } from "../../onnx/node-reader.ts";
import { unsupported } from "../../onnx/protobuf.ts";
import { reshape, slice } from "../arrange/build.ts";
import * as e from "../elementwise/build.ts";
import { logSumExp, max, mean, softmax, sum } from "./build.ts";

const reader =
  (f: typeof sum): Reader =>
  (node) => {
    const given = node.x(0);
    const axes = node.list("axes", 1);
    const x = isFloat(given.dtype) ? given : e.cast(given, "float64");
    const none = node.int("noop_with_empty_axes", 0) === 1 ? [] : x.shape.map((_, i) => i);
    const reduced = f(x, axes?.length ? axes : none, node.int("keepdims", 1) === 1);
    return e.cast(reduced, given.dtype);
  };

/** A product of slices along short axes. */
const product: typeof sum = (x, axes = [], keep) => {
  const kept = axes.reduce((reduced, axis) => {
    const length = Number(reduced.shape[normalizeAxis("ReduceProd", axis, reduced.shape)]);
    if (!(length >= 1 && length <= 64)) {
      throw unsupported(
        `only axes of at most 64 entries are multiplied, got ${shapeText(x.shape)}`,
      );
    }
    return Array.from({ length }, (_, i) => slice(reduced, axis, i, i + 1)).reduce(e.mul);
  }, x);
  return keep ? kept : reshape(kept, sum(x, axes).shape);
};

/** The longest axis along which a place is looked for. */
const MOST_PLACES = 2 ** 20;

/** The place of the largest element: the first, or the last where `select_last_index` is 1. */
function argMax(node: NodeReader, given: Expr): Expr {
  const x = isFloat(given.dtype) ? given : e.cast(given, "float64");
  const axis = normalizeAxis("ArgMax", node.int("axis", 0), x.shape);
  const length = x.shape[axis];
  if (typeof length !== "number" || length > MOST_PLACES) {
    throw unsupported(`it takes axes of at most ${MOST_PLACES} entries, got ${length}`);
  }
  const sign = node.int("select_last_index", 0) === 1 ? 1 : -1;
  const numbers = Float32Array.from({ length }, (_, i) => sign * i);
  const places = constant(
    tensor(
      numbers,
      x.shape.map((_, i) => (i === axis ? length : 1)),
    ),
  );
  const least = constant(tensor([Math.min(0, sign * (length - 1))]));
  const found = max(e.where(e.equal(x, max(x, [axis], true)), places, least), [axis], true);
  const kept = e.cast(e.mul(found, sign), "int64");
  return node.int("keepdims", 1) === 1 ? kept : reshape(kept, max(x, [axis]).shape);
}

/** Before opset 13 the dimensions from `axis` on are taken together. */
function flatSoftmax(node: NodeReader, f: (x: Expr, axis: number) => Expr): Expr {
  const x = node.x(0);
  const rank = x.shape.length;
  const axis = fromFront(node.int("axis", node.opset < 13 ? 1 : -1), rank);
  if (node.opset >= 13 || axis === rank - 1) return f(x, axis);
  const flat = [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis))];
  return reshape(f(reshape(x, flat), 1), x.shape);
}

export const reduceReaders: Readers<ReduceOp> = {
  ReduceSum: reader(sum),
  ReduceMean: reader(mean),
  ReduceMax: reader(max),
  ReduceProd: reader(product),
  ReduceMin: reader((x, axes, keep) => e.neg(max(e.neg(x), axes, keep))),
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
  ArgMax: (node) => argMax(node, node.x(0)),
  ArgMin: (node) => {
    const x = node.x(0);
    return argMax(node, isFloat(x.dtype) ? e.neg(x) : e.neg(e.cast(x, "float64")));
  },
  Softmax: (node) => flatSoftmax(node, softmax),
  LogSoftmax: (node) => flatSoftmax(node, (x, axis) => e.sub(x, logSumExp(x, axis, true))),
};
