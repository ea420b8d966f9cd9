import type { Expr } from "../../expr/expr.ts";
import type { ReduceOp } from "../../expr/operations.ts";
import { onesLike, slice } from "../arrange/build.ts";
import { cast, div, equal, mul, sub } from "../elementwise/build.ts";
import { type Rule, type Rules, restoreAxes, times } from "../rule.ts";
import { sum } from "./build.ts";

const mean: Rule<"ReduceMean"> = (g, y) => [
  () => {
    const [x] = y.inputs;
    const { axes } = y.attributes;
    const symbolic = axes.filter((a) => typeof x.shape[a] === "string");
    const known = axes.reduce((n, a) => n * (symbolic.includes(a) ? 1 : (x.shape[a] as number)), 1);
    const share = times(1 / known, restoreAxes(g, y));
    return symbolic.length === 0 ? share : div(share, lengths(x, symbolic));
  },
];

/** The product of symbolic dimensions as a value: a sum of ones over a sliver of `x`. */
function lengths(x: Expr, axes: readonly number[]): Expr {
  const sliver = x.shape.reduce<Expr>(
    (thin, d, axis) => (typeof d === "number" ? slice(thin, axis, 0, 1) : thin),
    x,
  );
  return sum(onesLike(sliver), axes, true);
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
    const total = sum(weighted, [y.attributes.axis], true);
    return sub(weighted, mul(y, total));
  },
];

export const reduceRules: Rules<ReduceOp> = {
  ReduceSum: (g, y) => [() => restoreAxes(g, y)],
  ReduceMean: mean,
  ReduceMax: largest,
  Softmax: softmax,
};
