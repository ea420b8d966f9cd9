import { constant, type Expr } from "../../expr/expr.ts";
import { GraphError } from "../../expr/graph-error.ts";
import type { ArrangeOp } from "../../expr/operations.ts";
import { type Dim, elementCount, type Shape, shapeText } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import { add, cast, equal, less, where } from "../elementwise/build.ts";
import { matmul } from "../products/build.ts";
import { type Rule, type Rules, sumTo } from "../rule.ts";
import { expandLike, pad, reshape, slice, transpose } from "./build.ts";

const transposeRule: Rule<"Transpose"> = (g, y) => {
  const inverse = y.attributes.perm.map((_, i) => y.attributes.perm.indexOf(i));
  return [() => (g.shape.length === 0 ? g : transpose(expandLike(g, y), inverse))];
};

const concatRule: Rule<"Concat"> = (g, y) => {
  const { axis } = y.attributes;
  const full = expandLike(g, y);
  let end = 0;
  return y.inputs.map((part) => {
    const length = part.shape[axis] as number;
    const start = end;
    end += length;
    return () => {
      if (typeof length !== "number") {
        throw new GraphError(
          `gradient of Concat along the symbolic axis ${axis} of ${shapeText(part.shape)}`,
        );
      }
      return slice(full, axis, start, start + length);
    };
  });
};

const sliceRule: Rule<"Slice"> = (g, y) => [
  () => {
    const [x] = y.inputs;
    const { axis, start, step } = y.attributes;
    const size = x.shape[axis] as number;
    const spread = interleave(expandLike(g, y), axis, step);
    const inside = slice(spread, axis, 0, size - start);
    const after = size - start - (inside.shape[axis] as number);
    return pad(inside, only(x.shape, axis, start), only(x.shape, axis, after));
  },
];

const only = (shape: Shape, axis: number, value: number) =>
  shape.map((_, i) => (i === axis ? value : 0));

/** `x` with `step - 1` zeros after every entry along `axis`, made by a pad of matrices. */
function interleave(x: Expr, axis: number, step: number): Expr {
  if (step === 1) return x;
  const rows = elementCount(x.shape.slice(0, axis + 1));
  const width = elementCount(x.shape.slice(axis + 1)) as number;
  if (typeof width !== "number") {
    throw new GraphError(
      `gradient of a step of ${step} needs static dimensions after axis ${axis}, got ${shapeText(x.shape)}`,
    );
  }
  const spread = pad(reshape(x, [rows, width]), [0, 0], [0, width * (step - 1)]);
  const shape = x.shape.map((d, i) => (i === axis ? (d as number) * step : d));
  return reshape(spread, shape);
}

const padRule: Rule<"Pad"> = (g, y) => {
  const { pads } = y.attributes;
  const inside = (x: Expr, size: Dim, axis: number) => {
    const [before, after] = [pads[axis], pads[axis + y.shape.length]];
    return before === 0 && after === 0 ? x : slice(x, axis, before, (size as number) - after);
  };
  return [() => y.shape.reduce<Expr>(inside, expandLike(g, y))];
};

// Each entry's gradient is a sum over its uses: a product with a one-hot matrix, without a scatter.
const gatherRule: Rule<"Gather"> = (g, y) => [
  () => {
    const [x, indices] = y.inputs;
    const { axis } = y.attributes;
    const size = x.shape[axis];
    if (typeof size !== "number") {
      throw new GraphError(
        `gradient of Gather along the symbolic axis ${axis} of ${shapeText(x.shape)}`,
      );
    }
    const count = elementCount(indices.shape);
    const row = reshape(indices, [count, 1]);
    const all = Array.from({ length: size }, (_, i) => i);
    const positions = constant(tensor(all, [1, size], indices.dtype));
    const position = where(less(row, 0), add(row, size), row);
    const oneHot = cast(equal(position, positions), x.dtype);
    const before = x.shape.slice(0, axis);
    const after = elementCount(x.shape.slice(axis + 1));
    const full = expandLike(g, y);
    const sums =
      after === 1
        ? matmul(reshape(full, [elementCount(before), count]), oneHot)
        : matmul(oneHot, reshape(full, [...before, count, after]), { transposeA: true });
    return reshape(sums, x.shape);
  },
  undefined,
];

export const arrangeRules: Rules<ArrangeOp> = {
  Reshape: (g, y) => [
    () => (g.shape.length === 0 ? g : reshape(expandLike(g, y), y.inputs[0].shape)),
  ],
  Transpose: transposeRule,
  Concat: concatRule,
  Slice: sliceRule,
  Pad: padRule,
  Expand: (g, y) => [() => sumTo(g, y, y.inputs[0]), undefined],
  Gather: gatherRule,
};
