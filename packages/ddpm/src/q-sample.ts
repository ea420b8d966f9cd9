import { add, type Expr, mul } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { tableAt } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";

/**
 * Jumps to step t of the forward process: `signal_t x0 + noise_t epsilon`
 * (Ho et al. 2020, eq. 4, with epsilon for the noise).
 *
 * As expressions x0 and epsilon are `[batch, ...]` and t is `[batch]` int64; as arrays t is one
 * 0-based step for all, or one for each of `t.length` equal rows, and the result is float64.
 *
 * @throws RangeError when t is outside the schedule or the sizes do not fit (arrays).
 */
export function qSample(schedule: NoiseSchedule, x0: Expr, t: Expr, epsilon: Expr): Expr;
export function qSample(
  schedule: NoiseSchedule,
  x0: FloatArray,
  t: number | ArrayLike<number>,
  epsilon: FloatArray,
): Float64Array;
export function qSample(
  schedule: NoiseSchedule,
  x0: Expr | FloatArray,
  t: Expr | number | ArrayLike<number>,
  epsilon: Expr | FloatArray,
): Expr | Float64Array {
  if ("op" in x0) {
    const { signal, noise } = levelsAt(schedule, t as Expr, x0);
    return add(mul(signal, x0), mul(noise, epsilon as Expr));
  }
  const rows = typeof t === "number" ? [t] : Array.from(t as ArrayLike<number>);
  const levels = rows.map((row) => schedule.level(row));
  const other = epsilon as FloatArray;
  const size = x0.length / rows.length;
  if (other.length !== x0.length || !Number.isInteger(size)) {
    throw new RangeError(
      `epsilon must have as many numbers as x0, in ${rows.length} equal rows, got ${other.length} for ${x0.length}`,
    );
  }
  return Float64Array.from(x0, (v, i) => {
    const { signal, noise } = levels[Math.floor(i / size)];
    return signal * v + noise * other[i];
  });
}

/** Signal and noise of each row's step t `[batch]`, shaped to multiply `like` `[batch, ...]`. */
export function levelsAt(schedule: NoiseSchedule, t: Expr, like: Expr) {
  return {
    signal: tableAt(schedule.sqrtAlphasCumprod, t, like),
    noise: tableAt(schedule.sqrtOneMinusAlphasCumprod, t, like),
  };
}
