import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
/** A sampler's step from `t` to `next`; `next` -1 is the level that sampling ends on. */
export interface TimestepPair {
  /** The step at which the denoiser is asked. */
  readonly t: number;
  /** The step that the sampler goes to, or -1. */
  readonly next: number;
}

const isCompat = (value: unknown) => value === undefined || value === "diffusers";

/**
 * Where each step of a descending list leads: to the next entry, and from the last one to -1.
 *
 * With `compat: "diffusers"`, and only then, to `t - floor(T / N)` as diffusers' DDIM goes, which
 * is another step wherever the list's stride is not exactly that.
 *
 * @param list Time steps, descending.
 * @param options Whose rule the pairs follow.
 * @throws RangeError when compat is not as described, or is given without `length`, the number T of
 * training steps.
 */
export function timestepPairs(
  list: readonly number[],
  options: {
    /** Follows diffusers' rule. */
    readonly compat?: "diffusers";
    /** The number T of training steps, for `compat`. */
    readonly length?: number;
  } = {},
): TimestepPair[] {
  checkArguments({ list }, { list: rules.listOf(rules.FINITE) });
  checkOptions(options, {
    compat: ["diffusers or left out", isCompat],
    length: rules.optional(rules.COUNT),
  });
  if (options.compat === undefined) {
    return list.map((t, i) => ({ t, next: i + 1 < list.length ? list[i + 1] : -1 }));
  }
  const { length } = options;
  if (!(length && length >= list.length)) {
    throw new ArgumentError(`length must be the number of training steps, got ${length}`);
  }
  const stride = Math.floor(length / list.length);
  return list.map((t) => ({ t, next: Math.max(t - stride, -1) }));
}
