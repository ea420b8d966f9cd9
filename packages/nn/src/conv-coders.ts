import { add, type Expr, reshape, type Signature } from "@gen/graph";
import { ArgumentError, rules, shown } from "@gen/math/arguments";
import { type Activation, activationFunction } from "./activation.ts";
import { convolution, downsample, upsample } from "./convolution.ts";
import { embedding } from "./embedding.ts";
import { normalWeights, sizeOf } from "./initializers.ts";
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
  /**
   * Adds an argument `condition` `[batch]` int64 in [0, classes]; `classes` means no class. Each
   * class shifts the result of the first layer, as a one-hot class beside the layer's input does
   * (Sohn et al. 2015).
   * @defaultValue none
   */
  classes?: number;
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

/** Shifts x `[batch, ...shape]` by a learned `shape` of its class. */
function classShift(options: ConvCoderOptions, shape: readonly number[]) {
  const { classes, name = "", seed } = options;
  if (classes === undefined) return (x: Expr) => x;
  const first = { weight: normalWeights(0.02), seed };
  const shifts = embedding(`${name}classes`, classes + 1, sizeOf(shape), first);
  return (x: Expr, condition: Expr) =>
    add(x, reshape(shifts(condition), [condition.shape[0], ...shape]));
}

/** The argument of a network with classes. */
const labelOf = ({ classes }: ConvCoderOptions): Record<string, Signature> =>
  classes === undefined ? {} : { condition: { shape: ["batch"], dtype: "int64" } };

const refined = (refine: ((x: Expr) => Expr) | undefined, x: Expr) => refine?.(x) ?? x;

/**
 * An encoder of images `[batch, inChannels, height, width]` to a vector or a map: a stride-2
 * convolution for each entry of `channels`, one more at the smallest size, then a linear layer (or
 * a 3x3 convolution).
 *
 * @param options Size and channels of images and levels, features of the code, and classes.
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
  const shift = classShift(options, [channels[0], 1, 1]);
  const down = channels.map((c, i) => {
    const halve = downsample(`${name}down.${i}`, widths[i], c, { seed });
    const refine = options.refine?.(`${name}down.${i}.refine`, c);
    return (x: Expr, condition: Expr) => {
      const h = halve(x);
      return refined(refine, activate(i === 0 ? shift(h, condition) : h));
    };
  });
  const mid = convolution(`${name}mid`, last, last, { seed });
  const head = map
    ? convolution(`${name}head`, last, outputs, { seed })
    : linear(`${name}head`, last * pixels, outputs, { seed });
  const signature = { x: { shape: ["batch", inChannels, ...full] }, ...labelOf(options) };
  const apply = (x: Expr, condition: Expr) => {
    const h = activate(mid(down.reduce((y, layer) => layer(y, condition), x)));
    return head(map ? h : reshape(h, [h.shape[0], last * pixels]));
  };
  return network(signature, apply, options.classes);
}

/**
 * A decoder of a latent vector or map to images (or their logits)
 * `[batch, outChannels, height, width]`: a linear layer (or a 3x3 convolution), then for each entry
 * of `channels` a doubling of the size with a 3x3 convolution, and a 3x3 convolution to
 * `outChannels`.
 *
 * @param options Size and channels of images and levels, features of the code, and classes.
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
  const shift = classShift(options, [first, ...halved]);
  const shape = map ? ["batch", inputs, ...halved] : ["batch", inputs];
  const apply = (z: Expr, condition: Expr) => {
    const h = shift(reshape(stem(z), [z.shape[0], first, ...halved]), condition);
    return head(up.reduce((y, layer) => layer(y), activate(h)));
  };
  return network({ z: { shape }, ...labelOf(options) }, apply, options.classes);
}
