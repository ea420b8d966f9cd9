import { reshape } from "@gen/graph";
import { ArgumentError, rules, shown } from "@gen/math/arguments";
import { type Activation, activationFunction } from "./activation.ts";
import { convolution, downsample, upsample } from "./convolution.ts";
import { checkNetwork } from "./layer-rules.ts";
import { linear } from "./linear.ts";
import { type Network, type NetworkOptions, network } from "./network.ts";

/** Settings of {@link convEncoder} and {@link convDecoder}. */
export interface ConvCoderOptions extends NetworkOptions {
  /** Height and width of the images; divisible by 2 once for each entry of `channels`. */
  size: number;
  /**
   * Keeps positions: the code is `[batch, features, height, width]`, not `[batch, features]`.
   * @defaultValue false
   */
  map?: boolean;
  /** The activation after each convolution but the decoder's last. @defaultValue silu */
  activation?: Activation;
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

/** The side after `levels` halvings. @throws RangeError when 2^levels does not divide `size`. */
export function halvedSize(size: number, levels: number): number {
  const parts = 2 ** levels;
  if (Number.isInteger(size / parts) && size > 0) return size / parts;
  throw new ArgumentError(
    `size must be divisible by ${parts} for ${levels} halvings, got ${shown(size)}`,
  );
}

/**
 * An encoder of images `[batch, inChannels, size, size]` to a vector or a map: a stride-2
 * convolution for each entry of `channels`, one more at the smallest size, then a linear layer (or
 * a 3x3 convolution).
 *
 * @param options Size and channels of the images and of the levels, and features of the code.
 * @throws RangeError when `size` cannot be halved once for each level.
 */
export function convEncoder(options: ConvEncoderOptions): Network {
  checkNetwork(options, { size: rules.COUNT, channels: rules.SIZES, outputs: rules.COUNT });
  const { size, inChannels = 1, channels, outputs, map = false, name = "", seed = 0 } = options;
  const activate = activationFunction(options.activation ?? "silu");
  const small = halvedSize(size, channels.length);
  const widths = [inChannels, ...channels];
  const last = widths[widths.length - 1];
  const down = channels.map((c, i) => downsample(`${name}down.${i}`, widths[i], c, { seed }));
  const mid = convolution(`${name}mid`, last, last, { seed });
  const head = map
    ? convolution(`${name}head`, last, outputs, { seed })
    : linear(`${name}head`, last * small * small, outputs, { seed });
  return network({ x: { shape: ["batch", inChannels, size, size] } }, (x) => {
    const h = [...down, mid].reduce((y, layer) => activate(layer(y)), x);
    return head(map ? h : reshape(h, [h.shape[0], last * small * small]));
  });
}

/**
 * A decoder of a latent vector or map to images (or their logits)
 * `[batch, outChannels, size, size]`: a linear layer (or a 3x3 convolution), then for each entry of
 * `channels` a doubling of the size with a 3x3 convolution, and a 3x3 convolution to `outChannels`.
 *
 * @param options Size and channels of the images and of the levels, and features of the code.
 * @throws RangeError when `size` cannot be halved once for each level.
 */
export function convDecoder(options: ConvDecoderOptions): Network {
  checkNetwork(options, { size: rules.COUNT, channels: rules.SIZES, inputs: rules.COUNT });
  const { size, inputs, map = false, channels, outChannels = 1, name = "", seed = 0 } = options;
  const activate = activationFunction(options.activation ?? "silu");
  const small = halvedSize(size, channels.length);
  const [first] = channels;
  const full = Math.ceil(channels[channels.length - 1] / 2);
  const stem = map
    ? convolution(`${name}stem`, inputs, first, { seed })
    : linear(`${name}stem`, inputs, first * small * small, { seed });
  const up = channels.map((c, i) =>
    upsample(`${name}up.${i}`, c, channels[i + 1] ?? full, { seed }),
  );
  const head = convolution(`${name}head`, full, outChannels, { seed });
  const shape = map ? ["batch", inputs, small, small] : ["batch", inputs];
  return network({ z: { shape } }, (z) => {
    const h = reshape(stem(z), [z.shape[0], first, small, small]);
    return head(up.reduce((y, layer) => activate(layer(y)), activate(h)));
  });
}
