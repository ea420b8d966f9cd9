import { add, conv2d, type Expr, reshape, upsampleNearest } from "@gen/graph";
import { rules } from "@gen/math/arguments";
import { type LayerOptions, layerParameters } from "./initializers.ts";
import { checkLayer } from "./layer-rules.ts";

/** Settings of {@link convolution}. */
export interface ConvolutionOptions extends LayerOptions {
  /** Side of the square kernel. @defaultValue 3 */
  kernel?: number;
  /** Pixels between two positions of the kernel. @defaultValue 1 */
  stride?: number;
  /**
   * Zeros around each side. The default keeps the size at stride 1.
   * @defaultValue `(kernel - 1) / 2`
   */
  padding?: number;
  /** Groups of channels. An output channel depends on its own group alone. @defaultValue 1 */
  groups?: number;
}

/**
 * A 2-D convolution layer on `[batch, inChannels, height, width]`, with a bias per output channel.
 * Weights are `NAME.weight` `[outChannels, inChannels / groups, kernel, kernel]` and `NAME.bias`
 * `[outChannels]`, as PyTorch's.
 *
 * @param name Start of the weights' names.
 * @param inChannels Channels of x.
 * @param outChannels Channels of the result.
 * @param options Kernel, stride, padding, groups, bias and seed. Default: 3x3, same size.
 * @throws RangeError when `groups` does not divide the channels; on use, when x does not fit.
 */
export function convolution(
  name: string,
  inChannels: number,
  outChannels: number,
  options: ConvolutionOptions = {},
): (x: Expr) => Expr {
  checkLayer(name, { inChannels, outChannels }, options, { groups: rules.optional(rules.COUNT) });
  const { kernel = 3, stride = 1, groups = 1 } = options;
  const p = options.padding ?? Math.floor((kernel - 1) / 2);
  const shape = [outChannels, inChannels / groups, kernel, kernel];
  const { w, b } = layerParameters(name, shape, options);
  const apply = (x: Expr) => conv2d(x, w, { stride, pads: [p, p, p, p], groups });
  return b ? (x) => add(apply(x), reshape(b, [1, outChannels, 1, 1])) : apply;
}

/**
 * Halves height and width, rounding up: a 3x3 convolution of stride 2.
 *
 * @param name Start of the weights' names.
 * @param inChannels Channels of x.
 * @param outChannels Channels of the result. Default: `inChannels`.
 * @param options The seed. Default: 0.
 * @throws on use, RangeError when x does not fit.
 */
export const downsample = (
  name: string,
  inChannels: number,
  outChannels: number = inChannels,
  options: Pick<LayerOptions, "seed"> = {},
): ((x: Expr) => Expr) => {
  checkLayer(name, { inChannels, outChannels }, options);
  return convolution(name, inChannels, outChannels, { stride: 2, seed: options.seed });
};

/**
 * Doubles height and width: repeats each pixel, then a 3x3 convolution.
 *
 * @param name Start of the weights' names.
 * @param inChannels Channels of x.
 * @param outChannels Channels of the result. Default: `inChannels`.
 * @param options The seed. Default: 0.
 * @throws on use, RangeError when x does not fit.
 */
export function upsample(
  name: string,
  inChannels: number,
  outChannels: number = inChannels,
  options: Pick<LayerOptions, "seed"> = {},
): (x: Expr) => Expr {
  checkLayer(name, { inChannels, outChannels }, options);
  const smooth = convolution(name, inChannels, outChannels, { seed: options.seed });
  return (x) => smooth(upsampleNearest(x));
}
