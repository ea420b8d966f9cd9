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
import { checkArguments, refused, rules } from "@gen/math/arguments";
import { perSample } from "../denoiser/per-sample.ts";

/**
 * The limits of the clean estimate: none (false), a clip to [-c, c] or to [low, high], or dynamic
 * thresholding: with s the given quantile of |x0| over the sample, kept within [1, max],
 * `x0 = clip(x0, -s, s) / s` (Saharia et al. 2022, section 2.3).
 */
export type Clip = number | readonly [low: number, high: number] | DynamicThreshold | false;

/** Dynamic thresholding, per sample; see {@link Clip}. */
export interface DynamicThreshold {
  /** The quantile of the sample's absolute values, such as 0.995. */
  readonly ratio: number;
  /** The largest s; 1 makes the threshold a plain clip to [-1, 1]. @defaultValue 1 */
  readonly max?: number;
}

export const isDynamic = (clip: Clip): clip is DynamicThreshold =>
  typeof clip === "object" && "ratio" in clip;

// The largest float32: a bound that clips nothing, so that one program serves with and without.
const UNBOUNDED = 3.4028234663852886e38;

const isPair = (value: unknown) =>
  rules.NUMBERS[1](value) && (value as ArrayLike<number>).length === 2;

/** What a clip may be. */
export const CLIP: (typeof rules)["TEXT"] = [
  "a positive number, [low, high], { ratio, max } or false",
  rules.either(
    rules.POSITIVE_FINITE,
    ["[low, high]", isPair],
    rules.having("{ ratio, max }", {
      ratio: rules.NUMBER,
      max: rules.optional(rules.NUMBER),
    }),
    rules.oneOf(false),
  )[1],
];

/**
 * The bounds of the clean estimate.
 *
 * @param clip The limits of x0. Default: false, none.
 * @throws RangeError unless the clip is as {@link Clip} says.
 */
export function clipBounds(clip: Clip = false): readonly [low: number, high: number] {
  checkArguments({ clip }, { clip: CLIP });
  if (isDynamic(clip)) {
    const { ratio, max = 1 } = clip;
    if (!(ratio > 0 && ratio <= 1)) throw refused("ratio", "in (0, 1]", ratio);
    if (!(max >= 1)) throw refused("max", "a number, 1 or more", max);
  }
  if (clip === false || isDynamic(clip)) return [-UNBOUNDED, UNBOUNDED];
  const [low, high] = typeof clip === "number" ? [-clip, clip] : clip;
  if (low < high && high - low < Infinity) return [low, high];
  throw refused("clip", CLIP[0], clip);
}

const THRESHOLD = /* @__PURE__ */ rules.having("{ ratio, max }", {
  ratio: ["in (0, 1]", (ratio) => rules.UNIT[1](ratio) && ratio !== 0],
  max: ["a number, 1 or more", (max) => rules.NUMBER[1](max) && (max as number) >= 1],
});

/**
 * Clips or thresholds the clean estimate.
 *
 * @param x0 The clean estimate, `[batch, ...]`.
 * @param bounds The least and the largest value.
 * @param threshold Dynamic thresholding, which takes the place of the bounds. Default: none.
 * @throws RangeError when the bounds are not two, or ratio or max is outside its range.
 */
export function clipped(
  x0: Expr,
  bounds: readonly [Expr | number, Expr | number],
  threshold?: Required<DynamicThreshold>,
): Expr {
  checkArguments(
    { x0, bounds, threshold },
    {
      x0: rules.EXPRESSION,
      bounds: rules.listOf(rules.either(rules.NUMBER, rules.EXPRESSION), 2),
      threshold: rules.optional(THRESHOLD),
    },
  );
  return clipTo(x0, bounds, threshold);
}

/** The same for the graph of a step, whose values are known to be right. */
export const clipTo = (
  x0: Expr,
  [low, high]: readonly [Expr | number, Expr | number],
  threshold?: Required<DynamicThreshold>,
): Expr => (threshold ? dynamicThreshold(x0, threshold) : minimum(maximum(x0, low), high));

// Halvings of the interval that holds the quantile: more than float32 can resolve.
const HALVINGS = 30;

/**
 * Dynamic thresholding of x0 `[batch, ...]`. It finds the quantile's two neighbors without sorting:
 * it halves an interval and counts.
 */
function dynamicThreshold(x0: Expr, to: Required<DynamicThreshold>): Expr {
  const size = x0.shape.slice(1).reduce<number>((a, b) => a * Number(b), 1);
  const values = reshape(abs(x0), [x0.shape[0], size]);
  const rank = to.ratio * (size - 1);
  const index = Math.floor(rank);
  const share = rank - index;
  const count = (flags: Expr) => sum(cast(flags, values.dtype), [1], true);
  const least = (flags: Expr) => neg(max(where(flags, neg(values), -UNBOUNDED), [1], true));

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
  const bound = perSample(minimum(maximum(quantile, 1), to.max), x0);
  return div(minimum(maximum(x0, neg(bound)), bound), bound);
}
