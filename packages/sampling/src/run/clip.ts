import { type Expr, maximum, minimum } from "@gen/graph";
import { type DynamicThreshold, dynamicThreshold } from "./dynamic-threshold.ts";

/**
 * What happens to the clean estimate: nothing (false), a clip to [-c, c] or to [low, high], or
 * dynamic thresholding: with s the given quantile of |x0| over the sample, kept within [1, max],
 * `x0 = clip(x0, -s, s) / s` (Saharia et al. 2022, section 2.3).
 */
export type Clip = number | readonly [low: number, high: number] | DynamicThreshold | false;

export const isDynamic = (clip: Clip): clip is DynamicThreshold =>
  typeof clip === "object" && "ratio" in clip;

// The largest float32, so that one program serves with and without clipping.
const UNBOUNDED = 3.4028234663852886e38;

/**
 * The bounds of the clean estimate.
 *
 * @throws RangeError unless the clip is as {@link Clip} says.
 */
export function clipBounds(clip: Clip = false): readonly [low: number, high: number] {
  if (clip === false) return [-UNBOUNDED, UNBOUNDED];
  if (isDynamic(clip)) {
    const { ratio, max = 1 } = clip;
    if (!(ratio > 0 && ratio <= 1)) throw new RangeError(`ratio must be in (0, 1], got ${ratio}`);
    if (!(max >= 1)) throw new RangeError(`max must be a number, 1 or more, got ${max}`);
    return [-UNBOUNDED, UNBOUNDED];
  }
  const [low, high] = typeof clip === "number" ? [-clip, clip] : clip;
  if (low < high && high - low < Infinity) return [low, high];
  throw new RangeError(
    `clip must be a positive number, [low, high] or false, got ${JSON.stringify(clip)}`,
  );
}

/** The clean estimate within its bounds, or thresholded. */
export const clipped = (
  x0: Expr,
  [low, high]: readonly [Expr | number, Expr | number],
  threshold?: Required<DynamicThreshold>,
): Expr => (threshold ? dynamicThreshold(x0, threshold) : minimum(maximum(x0, low), high));
