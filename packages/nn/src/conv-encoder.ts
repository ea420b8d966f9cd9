import { reshape } from "@gen/graph";
import { type Activation, activationFunction } from "./activation.ts";
import { convolution } from "./convolution.ts";
import { linear } from "./linear.ts";
import { type Network, network } from "./network.ts";
import { downsample } from "./resample.ts";

/** Settings of {@link convEncoder}. */
export interface ConvEncoderOptions {
  /** Height and width of the images; divisible by 2 once for each level. */
  size: number;
  /** Channels of the images. @defaultValue 1 */
  inChannels?: number;
  /** Channels after each halving of the size: `[32, 64]` takes 28x28 to 64 channels of 7x7. */
  channels: readonly number[];
  /** Features of the result, or its channels where `map`. A VAE needs twice its latent's. */
  outputs: number;
  /** Keeps positions: gives `[batch, outputs, height, width]` instead of `[batch, outputs]`. */
  map?: boolean;
  /** The activation after each convolution. @defaultValue silu */
  activation?: Activation;
  /** Start of all parameter names. @defaultValue "" */
  name?: string;
  /** Seed of the first weights. @defaultValue 0 */
  seed?: number;
}

/** The side after `levels` halvings. @throws RangeError when 2^levels does not divide `size`. */
export function halvedSize(size: number, levels: number): number {
  const small = size / 2 ** levels;
  if (Number.isInteger(small) && small > 0) return small;
  throw new RangeError(
    `size must be divisible by ${2 ** levels} for ${levels} halvings, got ${size}`,
  );
}

/**
 * An encoder of images `[batch, inChannels, size, size]` to a vector or a map: a stride-2
 * convolution for each entry of `channels`, one more at the smallest size, then a linear layer (or
 * a 3x3 convolution).
 * @throws RangeError when `size` cannot be halved once for each level.
 */
export function convEncoder(options: ConvEncoderOptions): Network {
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
