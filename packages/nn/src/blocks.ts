import { add, dropout, type Expr, gelu, mul, reshape, silu, slice, transpose } from "@gen/graph";
import { ArgumentError, rules } from "@gen/math/arguments";
import { type AttentionOptions, tokenAttention } from "./attention.ts";
import { convolution } from "./convolution.ts";
import { type LayerOptions, zeros } from "./initializers.ts";
import { checkLayer } from "./layer-rules.ts";
import { linear } from "./linear.ts";
import { groupNorm, layerNorm } from "./normalization.ts";

/** Settings of {@link residualBlock}. */
export interface ResidualBlockOptions extends Pick<LayerOptions, "seed"> {
  /**
   * Features of the time embedding, the second argument. Without it the block takes none.
   * @defaultValue none
   */
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
 *
 * @param name Start of the weights' names.
 * @param inChannels Channels of x.
 * @param outChannels Channels of the result.
 * @param options Features of the time embedding, groups, dropout and seed. Default: no time, no
 * dropout.
 * @throws RangeError when `groups` does not divide the channels; on use, when the time is missing
 * or x does not fit.
 */
export function residualBlock(
  name: string,
  inChannels: number,
  outChannels: number,
  options: ResidualBlockOptions = {},
): (x: Expr, time?: Expr) => Expr {
  checkLayer(name, { inChannels, outChannels }, options);
  const { timeFeatures, groups, dropout: rate = 0, seed } = options;
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
      if (!time) throw new ArgumentError(`${name} needs a time embedding as its second argument`);
      h = add(h, reshape(project(time), [time.shape[0], outChannels, 1, 1]));
    }
    return add(skip(x), conv2(dropout(silu(norm2(h)), rate)));
  };
}

/** Settings of {@link spatialTransformer}. */
export interface SpatialTransformerOptions extends AttentionOptions {
  /** Features of each token of the context. */
  contextFeatures: number;
}

/**
 * The transformer block of latent diffusion (Rombach et al. 2022, section 3.3 and appendix E.2.1):
 * the positions of x `[batch, channels, height, width]` as tokens attend to each other, then to the
 * context `[batch, tokens, contextFeatures]`, and go through a gated MLP (Shazeer 2020, eq. 6).
 * Each of the three reads the layer norm of its input, and its result is added to the input. A 1x1
 * convolution comes before them; a 1x1 convolution that starts at zero comes after them, and its
 * result is added to x.
 *
 * @param name Start of the weights' names.
 * @param channels Channels of x and of the result.
 * @param options Features of the context's tokens, heads, groups and seed.
 * @throws RangeError when `heads` does not divide `channels`.
 */
export function spatialTransformer(
  name: string,
  channels: number,
  options: SpatialTransformerOptions,
): (x: Expr, context: Expr) => Expr {
  checkLayer(name, { channels }, options, { contextFeatures: rules.COUNT });
  const { contextFeatures, heads, groups, seed } = options;
  const norm = groupNorm(`${name}.norm`, channels, { groups });
  const enter = convolution(`${name}.in`, channels, channels, { kernel: 1, seed });
  const leave = convolution(`${name}.out`, channels, channels, { kernel: 1, seed, weight: zeros });
  const norms = [1, 2, 3].map((i) => layerNorm(`${name}.norm${i}`, channels));
  const attention = { heads, bias: false, seed };
  const self = tokenAttention(`${name}.self`, channels, attention);
  const cross = tokenAttention(`${name}.cross`, channels, { ...attention, contextFeatures });
  const inner = 4 * channels;
  const widen = linear(`${name}.mlp.0`, channels, 2 * inner, { seed });
  const narrow = linear(`${name}.mlp.1`, inner, channels, { seed });
  const gated = (h: Expr) => mul(slice(h, 2, 0, inner), gelu(slice(h, 2, inner, 2 * inner)));
  return (x, context) => {
    let h = transpose(reshape(enter(norm(x)), [x.shape[0], channels, -1]), [0, 2, 1]);
    h = add(h, self(norms[0](h)));
    h = add(h, cross(norms[1](h), context));
    h = add(h, narrow(gated(widen(norms[2](h)))));
    return add(x, leave(reshape(transpose(h, [0, 2, 1]), x.shape)));
  };
}
