import { cast, type Expr, greater, less, reshape, where } from "@gen/graph";

/** Time steps, both ends included, within which guidance acts (Kynkaanniemi et al. 2024). */
export type Interval = readonly [low: number, high: number];

/** @throws RangeError unless the interval's ends are in order. */
export function requireInterval(interval: Interval | undefined): void {
  if (interval && !(interval[0] <= interval[1])) {
    throw new RangeError(`interval must be [low, high] in order, got [${interval.join(", ")}]`);
  }
}

export const within = (t: number, interval: Interval | undefined): boolean =>
  !interval || (t >= interval[0] && t <= interval[1]);

/** `inside` for the rows whose t `[batch]` is in the interval, `outside` for the others. */
export function whereWithin(t: Expr, interval: Interval, inside: Expr, outside: Expr): Expr {
  const time = reshape(
    cast(t, inside.dtype),
    inside.shape.map((d, i) => (i === 0 ? d : 1)),
  );
  const late = where(greater(time, interval[1] + 0.5), outside, inside);
  return where(less(time, interval[0] - 0.5), outside, late);
}
