import { type Expr, reshape } from "@gen/graph";
import { ArgumentError, rules, shown } from "@gen/math/arguments";
import { type Activation, activationFunction } from "./activation.ts";
import { convolution, downsample, upsample } from "./convolution.ts";
import { checkNetwork, IMAGE_SIZE } from "./layer-rules.ts";
import { linear } from "./linear.ts";
import { type Network, type NetworkOptions, network } from "./network.ts";

/** Settings of {@link convEncoder} and {@link convDecoder}. */
export interface ConvCoderOptions extends NetworkOptions {
  /** Side of the images, or height and width; divisible by 2 once for each entry of `channels`. */
  size: number | readonly [height: number, width: number];
  /**
   * Keeps positions: the code is `[batch, features, height, width]`, not `[batch, features]`.
   * @defaultValue false
   */
  map?: boolean;
  /** The activation after each convolution but the decoder's last. @defaultValue silu */
  activation?: Activation;
  /**
   * What refines x at each halved size, such as a residual block:
   * `(name, channels) => residualBlock(name, channels, channels)`.
   *
   * @param name Start of the weights' names.
   * @param channels Channels of x and of the result.
   * @defaultValue nothing
   */
  refine?: (name: string, channels: number) => (x: Expr) => Expr;
}

/** Settings of {@link convEncoder}. */
export interface ConvEncoderOptions extends ConvCoderOptions {
  /** Channels of the images. @defaultValue 1 */
  inChannels?: number;
  /** Channels after each halving of the size: `[32, 64]` takes 28x28 to 64 channels of 7x7. */
  channels: readonly number[];
  /** Features of the code. A VAE needs twice its latent's. */
  outputs: number;
}

/** Settings of {@link convDecoder}. */
export interface ConvDecoderOptions extends ConvCoderOptions {
  /** Features of the code. */
  inputs: number;
  /**
   * Channels at the smallest size, then after each doubling but the last: `[64, 32]` is 64 at 7x7
   * and 32 at 14x14. At full size, where a channel costs most, there are half as many as the last.
   */
  channels: readonly number[];
  /** Channels of the images. @defaultValue 1 */
  outChannels?: number;
}

/** Height and width of images, and after `levels` halvings. */
interface ImageSizes {
  readonly full: readonly [height: number, width: number];
  readonly halved: readonly [height: number, width: number];
}

/** @throws RangeError when 2^levels does not divide each side. */
export function imageSizes(size: ConvCoderOptions["size"], levels: number): ImageSizes {
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const parts = 2 ** levels;
  const halved = [height / parts, width / parts] as const;
  if (halved.every(Number.isInteger)) return { full: [height, width], halved };
  throw new ArgumentError(
    `size must be divisible by ${parts} for ${levels} halvings, got ${shown(size)}`,
  );
}

const refined = (refine: ((x: Expr) => Expr) | undefined, x: Expr) => refine?.(x) ?? x;

/**
 * An encoder of images `[batch, inChannels, height, width]` to a vector or a map: a stride-2
 * convolution for each entry of `channels`, one more at the smallest size, then a linear layer (or
 * a 3x3 convolution).
 *
 * @param options Size and channels of the images and of the levels, and features of the code.
 * @throws RangeError when `size` cannot be halved once for each level.
 */
export function convEncoder(options: ConvEncoderOptions): Network {
  checkNetwork(options, {
    ...{ size: IMAGE_SIZE, channels: rules.SIZES, outputs: rules.COUNT },
    refine: rules.optional(rules.FUNCTION),
  });
  const { size, inChannels = 1, channels, outputs, map = false, name = "", seed = 0 } = options;
  const activate = activationFunction(options.activation ?? "silu");
  const { full, halved } = imageSizes(size, channels.length);
  const pixels = halved[0] * halved[1];
  const widths = [inChannels, ...channels];
  const last = widths[widths.length - 1];
  const down = channels.map((c, i) => {
    const halve = downsample(`${name}down.${i}`, widths[i], c, { seed });
    const refine = options.refine?.(`${name}down.${i}.refine`, c);
    return (x: Expr) => refined(refine, activate(halve(x)));
  });
  const mid = convolution(`${name}mid`, last, last, { seed });
  const head = map
    ? convolution(`${name}head`, last, outputs, { seed })
    : linear(`${name}head`, last * pixels, outputs, { seed });
  return network({ x: { shape: ["batch", inChannels, ...full] } }, (x) => {
    const h = activate(mid(down.reduce((y, layer) => layer(y), x)));
    return head(map ? h : reshape(h, [h.shape[0], last * pixels]));
  });
}

/**
 * A decoder of a latent vector or map to images (or their logits)
 * `[batch, outChannels, height, width]`: a linear layer (or a 3x3 convolution), then for each entry
 * of `channels` a doubling of the size with a 3x3 convolution, and a 3x3 convolution to
 * `outChannels`.
 *
 * @param options Size and channels of the images and of the levels, and features of the code.
 * @throws RangeError when `size` cannot be halved once for each level.
 */
export function convDecoder(options: ConvDecoderOptions): Network {
  checkNetwork(options, {
    ...{ size: IMAGE_SIZE, channels: rules.SIZES, inputs: rules.COUNT },
    refine: rules.optional(rules.FUNCTION),
  });
  const { size, inputs, map = false, channels, outChannels = 1, name = "", seed = 0 } = options;
  const activate = activationFunction(options.activation ?? "silu");
  const { halved } = imageSizes(size, channels.length);
  const [first] = channels;
  const last = Math.ceil(channels[channels.length - 1] / 2);
  const stem = map
    ? convolution(`${name}stem`, inputs, first, { seed })
    : linear(`${name}stem`, inputs, first * halved[0] * halved[1], { seed });
  const up = channels.map((c, i) => {
    const refine = options.refine?.(`${name}up.${i}.refine`, c);
    const double = upsample(`${name}up.${i}`, c, channels[i + 1] ?? last, { seed });
    return (x: Expr) => activate(double(refined(refine, x)));
  });
  const head = convolution(`${name}head`, last, outChannels, { seed });
  const shape = map ? ["batch", inputs, ...halved] : ["batch", inputs];
  return network({ z: { shape } }, (z) => {
    const h = reshape(stem(z), [z.shape[0], first, ...halved]);
    return head(up.reduce((y, layer) => layer(y), activate(h)));
  });
}
