import { cast, type Expr, greater, less, where } from "@gen/graph";
import { perSample } from "../denoiser/shapes.ts";

/** Time steps, both ends included, within which guidance acts (Kynkaanniemi et al. 2024). */
export type Interval = readonly [low: number, high: number];

/** The options that classifier-free guidance and compositions share. */
export interface GuidanceOptions {
  /** Where guidance acts; outside, scales are divided by their sum. @defaultValue everywhere */
  readonly interval?: Interval;
  /**
   * In [0, 1]: how far each sample's spread is moved back to the spread of the unguided conditional
   * prediction (Lin et al. 2023, section 3.4).
   * @defaultValue 0
   */
  readonly rescale?: number;
}

/** @throws RangeError when a scale is not finite, or rescale or interval is not as described. */
export function requireGuidance(scales: readonly number[], options: GuidanceOptions): void {
  const { rescale = 0, interval } = options;
  for (const scale of scales) {
    if (!Number.isFinite(scale)) throw new RangeError(`scale must be a number, got ${scale}`);
  }
  if (!(rescale >= 0 && rescale <= 1)) {
    throw new RangeError(`rescale must be in [0, 1], got ${rescale}`);
  }
  if (interval && !(interval[0] <= interval[1])) {
    throw new RangeError(`interval must be [low, high] in order, got [${interval.join(", ")}]`);
  }
}

/** `inside` for the samples whose t `[batch]` is in the interval, `outside` for the others. */
export function whereWithin(
  t: Expr,
  interval: Interval | undefined,
  inside: Expr,
  outside: Expr,
): Expr {
  if (!interval) return inside;
  const time = perSample(cast(t, inside.dtype), inside);
  const above = where(greater(time, interval[1]), outside, inside);
  return where(less(time, interval[0]), outside, above);
}
