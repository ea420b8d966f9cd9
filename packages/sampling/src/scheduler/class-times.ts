import { ArgumentError } from "@gen/math/arguments";
import { numpyLinspace, roundHalfEven } from "@gen/schedules";
import type { ClassRun } from "./class-run.ts";

/**
 * numpy's `arange(start, 0, -stride)`, whose rounding may add an entry near 0: for 62 numbers of
 * steps of 1,000 it does.
 */
function npArangeDown(start: number, stride: number, most: number): number[] {
  const count = Math.min(Math.ceil(-start / -stride), most);
  const step = start - stride - start;
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** How many steps the caller wants; `usual` where it does not say. */
export function stepsOf(
  { options, settings }: ClassRun,
  most = settings.num_train_timesteps,
  usual = Math.min(20, most),
): number {
  const { steps = usual } = options;
  if (Number.isInteger(steps) && steps >= 1 && steps <= most) return steps;
  throw new ArgumentError(`steps must be an integer in 1..${most}, got ${steps}`);
}

/**
 * The first of `n` steps that is taken, as diffusers' image-to-image pipelines count; a class may
 * list `more` steps than that.
 */
export function firstStep({ options }: Pick<ClassRun, "options">, n: number, more = 0): number {
  const { strength = 1 } = options;
  if (!(strength > 0 && strength <= 1)) {
    throw new ArgumentError(`strength must be in (0, 1], got ${strength}`);
  }
  const first = n - Math.min(Math.trunc(n * strength), n);
  if (first < n + more) return first;
  throw new ArgumentError(`strength must leave a step of ${n}, got ${strength}`);
}

/**
 * Throws RangeError when the class finds its first step at another place: it takes the second of
 * equal time steps, and goes past the end.
 */
export function requireFound(times: readonly number[], first = 0): void {
  if (first >= times.length) {
    throw new ArgumentError(
      `strength must leave a step, got ${times.length} of which ${first} are left out`,
    );
  }
  const places = times.flatMap((t, i) => (t === times[first] ? [i] : []));
  if ((places[1] ?? places[0]) === first) return;
  throw new ArgumentError(`steps must leave the first time steps apart, got ${times[first]} twice`);
}

/** Throws RangeError: the caller's own time steps have no place in a config. */
export function refuseTimes(where: string): never {
  throw new ArgumentError(`timesteps must be left out ${where}`);
}

/** Numbers that the caller gave, checked; `anyOrder` is that of classes that look levels up. */
export function givenTimes(list: readonly number[], length: number, anyOrder = false): number[] {
  if (list.length === 0) throw new ArgumentError("timesteps must list at least one step, got none");
  for (const [i, t] of list.entries()) {
    if (!(t >= 0 && t < length)) {
      const most = length === Number.POSITIVE_INFINITY ? "" : `..${length - 1}`;
      throw new ArgumentError(`timesteps must lie in 0${most}, got ${t}`);
    }
    if (!anyOrder && i > 0 && t >= list[i - 1]) {
      throw new ArgumentError(`timesteps must strictly descend, got ${t} after ${list[i - 1]}`);
    }
  }
  return [...list];
}

/**
 * The descending time steps of a class of N steps over T.
 *
 * `rounded` classes round linspace to whole steps; others keep fractions and interpolate.
 * With diffusers' rounding, trailing may have N + 1 entries that end in -1; see `compat`.
 */
export function spacedTimes(run: ClassRun, n: number, { rounded }: { rounded: boolean }): number[] {
  const { settings, compat } = run;
  const { timestep_spacing: spacing, steps_offset: offset = 0, num_train_timesteps: T } = settings;
  if (spacing === "linspace") {
    const list = numpyLinspace(0, T - 1, n).reverse();
    return rounded ? list.map(roundHalfEven) : list;
  }
  if (spacing === "leading") {
    const stride = Math.floor(T / n);
    return Array.from({ length: n }, (_, i) => (n - 1 - i) * stride + offset);
  }
  return trailingTimes(T, T / n, compat ? Number.POSITIVE_INFINITY : n);
}

/** `round(last - i stride) - 1`, at most `most` of them. */
export const trailingTimes = (last: number, stride: number, most: number): number[] =>
  npArangeDown(last, stride, most).map((t) => roundHalfEven(t) - 1);
