import { convDecoder, convEncoder, dit, mlp, type Network, unet } from "@gen/nn";

const small = { size: 8, channels: 8, attention: [4], heads: 2, seed: 3 };

/** Each kind of network, small. */
export const everyNetwork: Record<string, () => Network> = {
  mlp: () => mlp({ inputs: 2, hidden: [32], time: true, classes: 3 }),
  convEncoder: () => convEncoder({ size: 8, channels: [4, 8], outputs: 6 }),
  convDecoder: () => convDecoder({ size: 8, channels: [8, 4], inputs: 3 }),
  "convEncoder with classes": () =>
    convEncoder({ size: 8, channels: [4, 8], outputs: 6, classes: 4 }),
  "convDecoder with classes": () =>
    convDecoder({ size: 8, channels: [8, 4], inputs: 3, map: true, classes: 4 }),
  unet: () => unet(small),
  "unet with classes, a learned variance and dropout": () =>
    unet({ ...small, inChannels: 2, classes: 4, learnedVariance: true, dropout: 0.25 }),
  "unet with cross-attention": () => unet({ ...small, crossAttention: { features: 6 } }),
  dit: () =>
    dit({
      size: 8,
      inChannels: 2,
      width: 16,
      depth: 2,
      heads: 2,
      classes: 4,
      learnedVariance: true,
    }),
};
