import type { Expr } from "../../expr/expr.ts";
import { GraphError } from "../../expr/graph-error.ts";
import type { NormalizeOp } from "../../expr/operations.ts";
import { elementCount, shapeText } from "../../expr/shape.ts";
import { expandLike, reshape } from "../arrange/build.ts";
import { add, div, mul, sqrt, square, sub } from "../elementwise/build.ts";
import { mean, sum } from "../reduce/build.ts";
import type { Rule, Rules } from "../rule.ts";

/**
 * Centered values `[batch, groups, values]` and `1 / sqrt(variance + epsilon)` of each group.
 *
 * @param x The operand, `[batch, channels, ...]`.
 * @param groups How many groups of channels.
 * @param epsilon Added to the variance.
 */
export function groupStatistics(
  x: Expr,
  groups: number,
  epsilon: number,
): {
  /** The values less their group's mean, `[batch, groups, values]`. */
  centered: Expr;
  /** `1 / sqrt(variance + epsilon)` of each group, `[batch, groups, 1]`. */
  rate: Expr;
} {
  const grouped = reshape(x, [x.shape[0], groups, -1]);
  const centered = sub(grouped, mean(grouped, [2], true));
  return { centered, rate: groupRate(centered, epsilon) };
}

/**
 * `1 / sqrt(variance + epsilon)` of each group's centered values `[batch, groups, values]`.
 *
 * @param centered The groups' values less their means.
 * @param epsilon Added to the variance.
 */
export const groupRate = (centered: Expr, epsilon: number): Expr =>
  div(1, sqrt(add(mean(square(centered), [2], true), epsilon)));

/**
 * With `d` and `r` of {@link groupStatistics}, and means over each group:
 * `dx = r * (scale * g - mean(scale * g) - d * r^2 * mean(scale * g * d))`.
 * Sums over each channel's pixels are shared, because they are small.
 */
const groupNormalization: Rule<"GroupNormalization"> = (g, y) => {
  const [x, scale] = y.inputs;
  const { groups, epsilon } = y.attributes;
  const [batch, channels, ...sides] = x.shape as [number, number, ...number[]];
  const pixels = elementCount(sides);
  if (typeof pixels !== "number") {
    throw new GraphError(
      `gradient of GroupNormalization needs static dimensions after the channels, got ${shapeText(x.shape)}`,
    );
  }
  const inGroup = channels / groups;
  const { centered, rate } = groupStatistics(x, groups, epsilon);
  const full = reshape(expandLike(g, y), [batch, channels, pixels]);
  const product = sum(mul(full, reshape(centered, [batch, channels, pixels])), [2]);
  const level = sum(full, [2]);
  const scales = reshape(scale, [groups, inGroup]);
  const byGroup = (e: Expr) => reshape(e, [batch, groups, inGroup]);
  const average = (e: Expr) => div(sum(mul(byGroup(e), scales), [2], true), inGroup * pixels);
  return [
    () => {
      const factor = reshape(mul(rate, scales), [batch, channels, 1]);
      const slope = mul(mul(rate, mul(rate, rate)), average(product));
      const scaled = reshape(mul(full, factor), centered.shape);
      const rest = add(mul(centered, slope), mul(rate, average(level)));
      return reshape(sub(scaled, rest), x.shape);
    },
    () => reshape(sum(mul(byGroup(product), rate), [0]), [channels]),
    () => sum(level, [0]),
  ];
};

export const normalizeRules: Rules<NormalizeOp> = { GroupNormalization: groupNormalization };
