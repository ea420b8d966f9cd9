import type { Expr } from "../../expr/expr.ts";
import type { ReduceOp } from "../../expr/operations.ts";
import { type Dim, sizeOf } from "../../expr/shape.ts";
import { onesLike, slice } from "../arrange/build.ts";
import { cast, div, equal, mul, sub } from "../elementwise/build.ts";
import { type Rule, type Rules, restoreAxes, times } from "../rule.ts";
import { sum } from "./build.ts";

const mean: Rule<"ReduceMean"> = (g, y) => [
  () => {
    const [x] = y.inputs;
    const { axes } = y.attributes;
    const symbolic = axes.filter((a) => typeof x.shape[a] === "string");
    const sizes = axes.flatMap((a) => (symbolic.includes(a) ? [] : [x.shape[a] as number]));
    const share = times(1 / sizeOf(sizes), restoreAxes(g, y));
    return symbolic.length === 0 ? share : div(share, lengths(x, symbolic));
  },
];

/** The product of symbolic dimensions: a sum of ones over one entry of the other axes. */
function lengths(x: Expr, axes: readonly number[]): Expr {
  const first = (part: Expr, d: Dim, axis: number) =>
    typeof d === "number" ? slice(part, axis, 0, 1) : part;
  return sum(onesLike(x.shape.reduce<Expr>(first, x)), axes, true);
}

const largest: Rule<"ReduceMax"> = (g, y) => [
  () => {
    const [x] = y.inputs;
    const { axes } = y.attributes;
    const ties = cast(equal(x, restoreAxes(y, y)), x.dtype);
    return mul(ties, div(restoreAxes(g, y), sum(ties, axes, true)));
  },
];

const softmax: Rule<"Softmax"> = (g, y) => [
  () => {
    const weighted = times(g, y);
    return sub(weighted, mul(y, sum(weighted, [y.attributes.axis], true)));
  },
];

export const reduceRules: Rules<ReduceOp> = {
  ReduceSum: (g, y) => [() => restoreAxes(g, y)],
  ReduceMean: mean,
  ReduceMax: largest,
  Softmax: softmax,
};
