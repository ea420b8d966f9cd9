import { type Expr, upsampleNearest } from "@gen/graph";
import { convolution } from "./convolution.ts";

/** Halves height and width, rounding up: a 3x3 convolution of stride 2. */
export const downsample = (
  name: string,
  inChannels: number,
  outChannels: number = inChannels,
  { seed = 0 }: { seed?: number } = {},
): ((x: Expr) => Expr) => convolution(name, inChannels, outChannels, { stride: 2, seed });

/** Doubles height and width: repeats each pixel, then a 3x3 convolution. */
export function upsample(
  name: string,
  inChannels: number,
  outChannels: number = inChannels,
  { seed = 0 }: { seed?: number } = {},
): (x: Expr) => Expr {
  const smooth = convolution(name, inChannels, outChannels, { seed });
  return (x) => smooth(upsampleNearest(x));
}
