import { add, conv2d, type Expr, reshape } from "@gen/graph";
import { fanInUniform, initializedParameter } from "./initializers.ts";
import { biasInitializer, type LayerOptions } from "./linear.ts";

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
 */
export function convolution(
  name: string,
  inChannels: number,
  outChannels: number,
  options: ConvolutionOptions = {},
): (x: Expr) => Expr {
  const { seed = 0, bias = true, weight, kernel = 3, stride = 1, groups = 1 } = options;
  const p = options.padding ?? Math.floor((kernel - 1) / 2);
  const shape = [outChannels, inChannels / groups, kernel, kernel];
  const w = initializedParameter(`${name}.weight`, shape, weight ?? fanInUniform, seed);
  const apply = (x: Expr) => conv2d(x, w, { stride, pads: [p, p, p, p], groups });
  if (!bias) return apply;
  const fanIn = shape[1] * kernel * kernel;
  const b = initializedParameter(
    `${name}.bias`,
    [outChannels],
    biasInitializer(weight, fanIn),
    seed,
  );
  return (x) => add(apply(x), reshape(b, [1, outChannels, 1, 1]));
}
