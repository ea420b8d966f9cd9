import { cast, type Expr, greater, less, where } from "@gen/graph";
import { perSample } from "../denoiser/shapes.ts";

/** Time steps, both ends included, within which guidance acts (Kynkaanniemi et al. 2024). */
export type Interval = readonly [low: number, high: number];

/** @throws RangeError unless the interval's ends are in order. */
export function requireInterval(interval: Interval | undefined): void {
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
  const [low, high] = interval;
  return where(less(time, low), outside, where(greater(time, high), outside, inside));
}
