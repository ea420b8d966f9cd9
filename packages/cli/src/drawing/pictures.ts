import type { Raster } from "@gen/data";
import type { History } from "../training-history.ts";
import { imageSheet } from "./image-sheet.ts";
import { lineChart, type Series } from "./line-chart.ts";
import { scatter } from "./scatter.ts";

const background = 24;
const sheetBytes = 2 ** 26;

/** Screen pixels for a pixel of an image: small images are enlarged to about 56. */
const scaleOf = (shape: readonly number[]): number =>
  Math.max(1, Math.round(56 / shape[shape.length - 1]));

/** Pixels between images, before they are enlarged. */
const paddingOf = (shape: readonly number[]): number => (shape[shape.length - 1] < 16 ? 1 : 2);

/** Whether samples of this shape can be drawn: grey or color images, or points of the plane. */
export const isDrawable = (item: readonly number[]): boolean =>
  (item.length === 3 && (item[0] === 1 || item[0] === 3)) || (item.length === 1 && item[0] === 2);

/** The most samples of this shape in one picture. */
export function maxDrawable(item: readonly number[]): number {
  if (item.length === 1) return Infinity;
  const [channels, height, width] = item;
  const padding = paddingOf(item);
  const tile = (height + padding) * (width + padding) * scaleOf(item) ** 2;
  return Math.floor(sheetBytes / (channels * tile));
}

/** Draws images `[n, channels, height, width]` with values in `range`, or points `[n, 2]`. */
export function pictureOf(
  data: ArrayLike<number>,
  shape: readonly number[],
  range: readonly [number, number],
  columns?: number,
): Raster {
  if (shape.length === 2) return scatter(data);
  return imageSheet(
    { data, shape, range },
    { columns, padding: paddingOf(shape), scale: scaleOf(shape), background },
  );
}

/** Draws image number i of `[n, channels, height, width]` in [-1, 1], at its own size. */
export function singleImage(data: Float32Array, shape: readonly number[], i: number): Raster {
  const size = data.length / shape[0];
  const one = { data: data.subarray(i * size, (i + 1) * size), shape: [1, ...shape.slice(1)] };
  return imageSheet({ ...one, range: [-1, 1] }, { padding: 0 });
}

/** Draws losses, and that of the held-out share: one as its readings with their running mean, several as running means alone. */
export function lossChart(
  title: string,
  { steps: x, losses, heldOut }: History,
  names: readonly string[] = Object.keys(losses),
): Uint8Array {
  const mean = (name: string): Series => ({ name, x, y: runningMean(losses[name]) });
  const series: Series[] =
    names.length > 1
      ? names.map(mean)
      : [
          { name: "each reading", x, y: losses[names[0]], faint: true },
          { ...mean(names[0]), name: "running mean" },
        ];
  if (heldOut) series.push({ name: "held out", x: heldOut.steps, y: heldOut.losses });
  return lineChart(series, { title, xLabel: "step", yLabel: names.length > 1 ? "" : "loss" });
}

function runningMean(values: readonly number[]): number[] {
  const reach = Math.max(1, Math.floor(values.length / 50));
  const sums = [0];
  for (const value of values) sums.push(sums[sums.length - 1] + value);
  return values.map((_, i) => {
    const [from, to] = [Math.max(0, i - reach), Math.min(values.length, i + reach + 1)];
    return (sums[to] - sums[from]) / (to - from);
  });
}
