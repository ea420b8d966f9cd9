import {
  abs,
  add,
  cast,
  div,
  type Expr,
  greater,
  max,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  sub,
  sum,
  where,
} from "@gen/graph";

/** Dynamic thresholding, per sample; see `Clip`. */
export interface DynamicThreshold {
  /** The quantile of the sample's absolute values, such as 0.995. */
  readonly ratio: number;
  /**
   * The most that the quantile may be; 1 makes it a plain clip to [-1, 1].
   * @defaultValue 1
   */
  readonly max?: number;
}

// Halvings of the interval that holds the quantile: more than float32 can tell apart.
const HALVINGS = 30;
const LARGE = 3.4028234663852886e38;

/**
 * Dynamic thresholding of x0 `[batch, ...]`. The quantile's two neighbors are found by halving an
 * interval and counting, which needs no sorting.
 */
export function dynamicThreshold(x0: Expr, to: Required<DynamicThreshold>): Expr {
  const size = x0.shape.slice(1).reduce<number>((a, b) => a * Number(b), 1);
  const values = reshape(abs(x0), [x0.shape[0], size]);
  const rank = to.ratio * (size - 1);
  const index = Math.floor(rank);
  const share = rank - index;
  const count = (flags: Expr) => sum(cast(flags, values.dtype), [1], true);
  const least = (flags: Expr) => neg(max(where(flags, neg(values), -LARGE), [1], true));

  // Invariant: at most `index` values are <= low, and more than `index` are <= high.
  let high = max(values, [1], true);
  let low = sub(mul(high, 0), 1);
  for (let i = 0; i < HALVINGS; i++) {
    const middle = mul(add(low, high), 0.5);
    const beyond = greater(count(greater(values, middle)), size - index - 0.5);
    [low, high] = [where(beyond, middle, low), where(beyond, high, middle)];
  }
  const lower = least(greater(values, low));
  const above = count(greater(values, lower));
  const single = greater(above, size - index - 1.5);
  const upper = where(single, least(greater(values, lower)), lower);
  const quantile = share === 0 ? lower : add(lower, mul(sub(upper, lower), share));
  const bound = reshape(
    minimum(maximum(quantile, 1), to.max),
    x0.shape.map((d, i) => (i === 0 ? d : 1)),
  );
  return div(minimum(maximum(x0, neg(bound)), bound), bound);
}
