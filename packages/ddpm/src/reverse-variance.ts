import type { Arithmetic } from "@gen/math";
import type { DdpmVariance } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";

/** The logarithms that a reverse variance lies between, `[length]` each; finite at t = 0 too. */
export function logVarianceTables(schedule: NoiseSchedule) {
  const small = schedule.posteriorLogVarianceClipped;
  return { small, large: schedule.betas.map(Math.log) };
}

/**
 * The log variance of `p(x_{t-1} | x_t)`: of the tables' values at t, and for the learned kinds of
 * the denoiser's raw numbers. fixed_large takes the small one at t = 0, as likelihoods need it.
 */
export function reverseLogVariance<T>(
  a: Arithmetic<T>,
  kind: DdpmVariance,
  { small, large, fixedLarge }: { readonly small: T; readonly large: T; readonly fixedLarge: T },
  raw: T | undefined,
): T {
  if (kind.startsWith("fixed")) return kind.startsWith("fixed_large") ? fixedLarge : small;
  if (raw === undefined) {
    throw new RangeError(
      `a denoiser must give twice the channels of x (axis 1) where the variance is ${kind}`,
    );
  }
  if (kind === "learned_log") return raw;
  if (kind === "learned") return a.log(a.maximum(raw, a.constant(1e-20)));
  const share = a.mul(a.constant(0.5), a.add(raw, a.constant(1)));
  return a.add(small, a.mul(share, a.sub(large, small)));
}

/** The table of fixed_large: log betas, but at t = 0 the small log variance. */
export function fixedLargeTable({ small, large }: ReturnType<typeof logVarianceTables>) {
  const table = large.slice();
  table[0] = small[0];
  return table;
}
