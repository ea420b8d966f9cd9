import { add, dropout, type Expr, reshape, silu } from "@gen/graph";
import { convolution } from "./convolution.ts";
import { zeros } from "./initializers.ts";
import { type LayerOptions, linear } from "./linear.ts";
import { groupNorm } from "./normalization.ts";

/** Settings of {@link residualBlock}. */
export interface ResidualBlockOptions extends Pick<LayerOptions, "seed"> {
  /** Features of the time embedding, the second argument. Without it the block takes none. */
  timeFeatures?: number;
  /** Groups of both normalizations. @defaultValue `defaultGroups(channels)` of each */
  groups?: number;
  /** The share of elements that training drops before the second convolution. @defaultValue 0 */
  dropout?: number;
}

/**
 * The residual block of Ho et al. (2020, appendix B): normalize, silu, convolve, add a projection
 * of the time embedding, normalize, silu, drop out, convolve (from zero), and add the input,
 * through a 1x1 convolution where the number of channels changes.
 *
 * Takes x `[batch, inChannels, height, width]` and `silu(time embedding)` `[batch, timeFeatures]`.
 */
export function residualBlock(
  name: string,
  inChannels: number,
  outChannels: number,
  { timeFeatures, groups, dropout: rate = 0, seed }: ResidualBlockOptions = {},
): (x: Expr, time?: Expr) => Expr {
  const norm1 = groupNorm(`${name}.norm1`, inChannels, { groups });
  const conv1 = convolution(`${name}.conv1`, inChannels, outChannels, { seed });
  const project = timeFeatures && linear(`${name}.time`, timeFeatures, outChannels, { seed });
  const norm2 = groupNorm(`${name}.norm2`, outChannels, { groups });
  const conv2 = convolution(`${name}.conv2`, outChannels, outChannels, { seed, weight: zeros });
  const skip =
    inChannels === outChannels
      ? (x: Expr) => x
      : convolution(`${name}.skip`, inChannels, outChannels, { kernel: 1, seed });
  return (x, time) => {
    let h = conv1(silu(norm1(x)));
    if (project) {
      if (!time) throw new TypeError(`${name} needs a time embedding as its second argument`);
      h = add(h, reshape(project(time), [time.shape[0], outChannels, 1, 1]));
    }
    return add(skip(x), conv2(dropout(silu(norm2(h)), rate)));
  };
}
