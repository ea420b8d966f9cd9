import { type Expr, groupNormalization } from "@gen/graph";
import { initializedParameter, ones, zeros } from "./initializers.ts";

/** Settings of {@link groupNorm}. */
export interface GroupNormOptions {
  /** Groups of channels normalized together. @defaultValue `defaultGroups(channels)` */
  groups?: number;
  /** Added to the variance. @defaultValue 1e-5 */
  epsilon?: number;
}

/** The most groups, up to 32, that divide `channels` into groups of at least four. */
export function defaultGroups(channels: number): number {
  let groups = Math.max(1, Math.min(32, Math.floor(channels / 4)));
  while (channels % groups !== 0) groups--;
  return groups;
}

/**
 * Group normalization of `[batch, channels, ...]` (Wu and He 2018, eq. 1 to 6): each group of
 * channels of a sample to mean 0 and variance 1, then a learned scale and bias per channel
 * (`NAME.weight`, `NAME.bias`).
 * @throws RangeError when `groups` does not divide `channels`.
 */
export function groupNorm(
  name: string,
  channels: number,
  { groups = defaultGroups(channels), epsilon = 1e-5 }: GroupNormOptions = {},
): (x: Expr) => Expr {
  if (!(Number.isInteger(groups) && groups > 0 && channels % groups === 0)) {
    throw new RangeError(`groups must divide the ${channels} channels of ${name}, got ${groups}`);
  }
  const scale = initializedParameter(`${name}.weight`, [channels], ones, 0);
  const bias = initializedParameter(`${name}.bias`, [channels], zeros, 0);
  return (x) => groupNormalization(x, scale, bias, groups, epsilon);
}
