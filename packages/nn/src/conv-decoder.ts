import { reshape } from "@gen/graph";
import { type Activation, activationFunction } from "./activation.ts";
import { halvedSize } from "./conv-encoder.ts";
import { convolution } from "./convolution.ts";
import { linear } from "./linear.ts";
import { type Network, network } from "./network.ts";
import { upsample } from "./resample.ts";

/** Settings of {@link convDecoder}. */
export interface ConvDecoderOptions {
  /** Height and width of the images; divisible by 2 once for each level. */
  size: number;
  /** Features of the latent vector, or its channels where `map`. */
  inputs: number;
  /** The latent keeps positions: `[batch, inputs, height, width]` instead of `[batch, inputs]`. */
  map?: boolean;
  /**
   * Channels at the smallest size, then after each doubling but the last: `[64, 32]` is 64 at 7x7
   * and 32 at 14x14. At full size, where a channel costs most, there are half as many as the last.
   */
  channels: readonly number[];
  /** Channels of the images. @defaultValue 1 */
  outChannels?: number;
  /** The activation after each convolution but the last. @defaultValue silu */
  activation?: Activation;
  /** Start of all parameter names. @defaultValue "" */
  name?: string;
  /** Seed of the first weights. @defaultValue 0 */
  seed?: number;
}

/**
 * A decoder of a latent vector or map to images (or their logits)
 * `[batch, outChannels, size, size]`: a linear layer (or a 3x3 convolution), then for each entry of
 * `channels` a doubling of the size with a 3x3 convolution, and a 3x3 convolution to `outChannels`.
 * @throws RangeError when `size` cannot be halved once for each level.
 */
export function convDecoder(options: ConvDecoderOptions): Network {
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
