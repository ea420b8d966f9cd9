/*
 * Small pictures of latents without a decoder, a pixel for each latent:
 *
 *   rgb = bias + sum over channels of latent[c] * factors[c]        in [-1, 1], clipped
 *
 * Factors and biases are least squares fits of decoded pictures, as published in ComfyUI's
 * comfy/latent_formats.py (classes SD15, SDXL, SD3, Flux, at 75399d78). Latents of another kind have
 * the neutral map: each color is the mean of all channels, a gray picture.
 */
import type { TextKind } from "./text-kind.ts";

/** Small pictures of an estimate. */
export interface Preview {
  /** `shape`, row-major, in [-1, 1]. */
  readonly images: Float32Array;
  /** `[batch, 3, height, width]`, a pixel for each latent. */
  readonly shape: readonly number[];
  /** The kind of latents that the colors were fitted to; neutral for others: a gray mean. */
  readonly map: ColorMap["kind"];
}

/** A map from latents to colors, and the kind of latents that it was fitted to. */
interface ColorMap {
  readonly kind: TextKind["name"] | "neutral";
  /** A row `[r, g, b]` for each channel. */
  readonly factors: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

const factors: Readonly<Record<TextKind["name"], string>> = {
  sd: "0.3512 0.2297 0.3227  0.3250 0.4974 0.2350  -0.2829 0.1762 0.2721  -0.2120 -0.2616 -0.7177",
  sdxl: "0.3651 0.4232 0.4341  -0.2533 -0.0042 0.1068  0.1076 0.1111 -0.0362  -0.3165 -0.2492 -0.2188",
  sd3: `-0.0922 -0.0175 0.0749  0.0311 0.0633 0.0954  0.1994 0.0927 0.0458  0.0856 0.0339 0.0902
    0.0587 0.0272 -0.0496  -0.0006 0.1104 0.0309  0.0978 0.0306 0.0427  -0.0042 0.1038 0.1358
    -0.0194 0.0020 0.0669  -0.0488 0.0130 -0.0268  0.0922 0.0988 0.0951  -0.0278 0.0524 -0.0542
    0.0332 0.0456 0.0895  -0.0069 -0.0030 -0.0810  -0.0596 -0.0465 -0.0293  -0.1448 -0.1463 -0.1189`,
  flux: `-0.0346 0.0244 0.0681  0.0034 0.0210 0.0687  0.0275 -0.0668 -0.0433  -0.0174 0.0160 0.0617
    0.0859 0.0721 0.0329  0.0004 0.0383 0.0115  0.0405 0.0861 0.0915  -0.0236 -0.0185 -0.0259
    -0.0245 0.0250 0.1180  0.1008 0.0755 -0.0421  -0.0515 0.0201 0.0011  0.0428 -0.0012 -0.0036
    0.0817 0.0765 0.0749  -0.1264 -0.0522 -0.1103  -0.0280 -0.0881 -0.0499  -0.1262 -0.0982 -0.0778`,
};

const biases: Readonly<Record<TextKind["name"], readonly number[]>> = {
  sd: [0, 0, 0],
  sdxl: [0.1084, -0.0175, -0.0011],
  sd3: [0.2394, 0.2135, 0.1925],
  flux: [-0.0329, -0.0718, -0.0851],
};

/** The map of latents of a kind with so many channels. */
export function colorMap(kind: TextKind["name"], channels: number): ColorMap {
  const numbers = factors[kind].trim().split(/\s+/).map(Number);
  if (numbers.length !== 3 * channels) {
    const gray = Array(3).fill(1 / channels);
    return { kind: "neutral", factors: Array(channels).fill(gray), bias: [0, 0, 0] };
  }
  const rows = Array.from({ length: channels }, (_, c) => numbers.slice(3 * c, 3 * c + 3));
  return { kind, factors: rows, bias: biases[kind] };
}

/** Pictures `[batch, 3, height, width]` in [-1, 1] of latents `[batch, channels, height, width]`. */
export function previewOf(
  latents: ArrayLike<number>,
  shape: readonly number[],
  map: ColorMap,
): Preview {
  const [batch, channels, height, width] = shape;
  const size = height * width;
  const images = new Float32Array(batch * 3 * size);
  for (let at = 0; at < images.length; at++) {
    const [row, color, pixel] = [Math.floor(at / (3 * size)), Math.floor(at / size) % 3, at % size];
    let value = map.bias[color];
    for (let c = 0; c < channels; c++) {
      value += latents[(row * channels + c) * size + pixel] * map.factors[c][color];
    }
    images[at] = Math.min(1, Math.max(-1, value));
  }
  return { images, shape: [batch, 3, height, width], map: map.kind };
}
