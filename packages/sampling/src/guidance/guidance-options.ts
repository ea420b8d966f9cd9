import { cast, type Expr, greater, less, where } from "@gen/graph";
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { perSample } from "../denoiser/per-sample.ts";

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

const isInterval = (value: unknown) =>
  rules.NUMBERS[1](value) && (value as Interval)[0] <= (value as Interval)[1];

/** @throws RangeError when a scale is not finite, or rescale or interval is not as described. */
export function requireGuidance(scales: readonly number[], options: GuidanceOptions): void {
  for (const scale of scales) {
    checkArguments({ scale }, { scale: ["a number", rules.FINITE[1]] });
  }
  checkOptions(options, {
    rescale: rules.optional(rules.UNIT),
    interval: rules.optional(["[low, high] in order", isInterval]),
  });
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
