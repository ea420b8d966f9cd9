import { ArgumentError } from "@gen/math/arguments";
import { MAX_SAMPLE_NUMBERS } from "../limits.ts";
import type { FolderModel } from "./folder-model.ts";

/**
 * The shape [channels, height, width] of latents for a picture of `[width, height]` pixels.
 *
 * @throws RangeError with the nearest sizes, when a side is no multiple of `step` pixels.
 */
export function latentShape(
  [width, height]: readonly [number, number],
  { pipeline, factor, multiple }: Pick<FolderModel, "pipeline" | "factor" | "multiple">,
  name = "size",
): number[] {
  const [channels] = pipeline.shape;
  const step = factor * multiple;
  if (width % step !== 0 || height % step !== 0) {
    const below = [width, height].map((side) => Math.max(step, side - (side % step)));
    const above = [width, height].map((side) => Math.ceil(side / step) * step);
    const nearest = [...new Set([below.join(" x "), above.join(" x ")])].join(" or ");
    throw new ArgumentError(
      `${name} must be multiples of ${step} pixels, got ${width} x ${height}; take ${nearest}`,
    );
  }
  const shape = [channels, height / factor, width / factor];
  if (channels * height * width <= MAX_SAMPLE_NUMBERS) return shape;
  throw new ArgumentError(
    `${name} must have at most ${Math.floor(MAX_SAMPLE_NUMBERS / channels)} pixels, got ${width} x ${height}`,
  );
}
