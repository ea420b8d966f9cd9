import { ArgumentError } from "@gen/math/arguments";
import { numpyLinspace, roundHalfEven } from "@gen/schedules";
import type { ClassRun } from "./class-run.ts";
import { trailingTimes } from "./class-times.ts";

/** How many training steps are left, where the noisiest are cut off by `lambda_min_clipped`. */
export function lastTime({ settings }: ClassRun, table: Float64Array): number {
  const { lambda_min_clipped: least = -Infinity, num_train_timesteps: T } = settings;
  return T - table.filter((sigma) => -Math.log(sigma) < least).length;
}

/** The first N of N + 1 whole time steps, descending from `last - 1`. */
export function lambdaTimes({ settings, compat }: ClassRun, n: number, last: number): number[] {
  const { timestep_spacing: spacing = "linspace", steps_offset: offset = 0 } = settings;
  if (spacing === "trailing") {
    return trailingTimes(last, settings.num_train_timesteps / n, compat ? Infinity : n);
  }
  if (spacing === "leading") {
    const stride = Math.floor(last / (n + 1));
    if (!compat && stride === 0) {
      throw new ArgumentError(
        `steps must be below ${last} where timestep_spacing is leading, got ${n}`,
      );
    }
    return Array.from({ length: n }, (_, i) => (n - i) * stride + offset);
  }
  return numpyLinspace(0, last - 1, n + 1)
    .reverse()
    .slice(0, -1)
    .map(roundHalfEven);
}

/** The first N of N + 1 whole time steps, upwards to `last - 1`. */
export function inverseTimes({ settings, compat }: ClassRun, n: number, last: number): number[] {
  const { timestep_spacing: spacing, steps_offset: offset } = settings;
  if (spacing === "trailing") {
    return trailingTimes(last, settings.num_train_timesteps / n, compat ? Infinity : n).reverse();
  }
  if (spacing === "leading") {
    const stride = Math.floor(last / (n + 1));
    return Array.from({ length: n }, (_, i) => i * stride + offset);
  }
  return numpyLinspace(0, last - 1, n + 1)
    .slice(0, -1)
    .map(roundHalfEven);
}

/** What the class's rounding adds to trailing steps. */
export function trailingNotes(
  run: ClassRun,
  n: number,
  last: number,
  times: readonly number[],
): string[] {
  const { settings, compat } = run;
  if (compat || settings.timestep_spacing !== "trailing") return [];
  const theirs = trailingTimes(last, settings.num_train_timesteps / n, Infinity);
  if (theirs.length === times.length) return [];
  return [
    `the last of ${n} trailing steps is at t = ${theirs[n - 1]}; diffusers has one more, at t = -1`,
  ];
}
