import {
  add,
  constant,
  type Expr,
  elementCount,
  groupNormalization,
  instanceNorm,
  mul,
  reshape,
  tensor,
} from "@gen/graph";
import { ArgumentError, shown } from "@gen/math/arguments";
import { initializedParameter, ones, zeros } from "./initializers.ts";
import { checkLayer } from "./layer-rules.ts";

const scaleAndBias = (name: string, features: number) => [
  initializedParameter(`${name}.weight`, [features], ones, 0),
  initializedParameter(`${name}.bias`, [features], zeros, 0),
];

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
 *
 * @param name Start of the weights' names.
 * @param channels Channels of x.
 * @param options Groups and epsilon. Default: `defaultGroups(channels)`, 1e-5.
 * @throws RangeError when `groups` does not divide `channels`.
 */
export function groupNorm(
  name: string,
  channels: number,
  options: GroupNormOptions = {},
): (x: Expr) => Expr {
  checkLayer(name, { channels }, options);
  const { groups = defaultGroups(channels), epsilon = 1e-5 } = options;
  if (!(Number.isInteger(groups) && groups > 0 && channels % groups === 0)) {
    throw new ArgumentError(
      `groups must divide the ${channels} channels of ${name}, got ${shown(groups)}`,
    );
  }
  const [scale, bias] = scaleAndBias(name, channels);
  return (x) => groupNormalization(x, scale, bias, groups, epsilon);
}

/** Settings of {@link layerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance. @defaultValue 1e-5 */
  epsilon?: number;
  /** Whether a learned scale and bias follow (`NAME.weight`, `NAME.bias`). @defaultValue true */
  affine?: boolean;
}

/**
 * Layer normalization (Ba et al. 2016, eq. 3): the last dimension of `[..., features]` to mean 0
 * and variance 1, then a learned scale and bias per feature.
 *
 * @param name Start of the weights' names.
 * @param features Features of x, its last dimension.
 * @param options Epsilon, and whether scale and bias follow. Default: 1e-5, yes.
 * @throws RangeError when `features` is no positive integer; on use, when x does not fit.
 */
export function layerNorm(
  name: string,
  features: number,
  options: LayerNormOptions = {},
): (x: Expr) => Expr {
  checkLayer(name, { features }, options);
  const { epsilon = 1e-5, affine = true } = options;
  const [one, zero] = [1, 0].map((v) => constant(tensor([v], [1])));
  const normalize = (x: Expr) => {
    // Instance normalization of one channel per sample, where each row is a sample.
    const rows = reshape(x, [elementCount(x.shape.slice(0, -1)), 1, features]);
    return reshape(instanceNorm(rows, one, zero, epsilon), x.shape);
  };
  if (!affine) return normalize;
  const [scale, bias] = scaleAndBias(name, features);
  return (x) => add(mul(normalize(x), scale), bias);
}
