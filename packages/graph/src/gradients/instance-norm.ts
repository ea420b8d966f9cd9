import { reshape } from "../arrange.ts";
import { add, div, mul, sqrt, sub } from "../elementwise.ts";
import type { Expr } from "../expr.ts";
import { mean, sum } from "../reduce.ts";
import { type Rule, times, whole } from "./rule.ts";

/**
 * With `d = x - mean`, `r = 1 / sqrt(variance + epsilon)` and means over each plane:
 * `dx = scale * r * (g - mean(g) - d * r^2 * mean(g * d))`.
 */
export const instanceNormRule: Rule = (g, y) => {
  const [x, scale] = y.inputs;
  const full = whole(g, y);
  const axes = x.shape.map((_, i) => i).slice(2);
  const perChannel = [1, x.shape[1], ...axes.map(() => 1)];
  const centred = sub(x, mean(x, axes, true));
  const variance = mean(mul(centred, centred), axes, true);
  const rate = div(1, sqrt(add(variance, y.attributes.epsilon as number)));
  const product = mul(full, centred);
  const overBatch = (e: Expr) => reshape(sum(e, [0, ...axes]), scale.shape);
  return [
    () => {
      const factor = mul(rate, reshape(scale, perChannel));
      const slope = mul(mul(factor, mul(rate, rate)), mean(product, axes, true));
      const shift = mul(factor, mean(full, axes, true));
      return sub(sub(times(factor, full), shift), mul(centred, slope));
    },
    () => overBatch(mul(sum(product, axes, true), rate)),
    () => overBatch(full),
  ];
};
