import { imageSheet, lineChart, type Raster, type Series, writePng } from "@gen/data";
import type { History } from "./training-folder.ts";

/** Images with values in `range`, or points [n, 2], as a picture. */
export function pictureOf(
  data: ArrayLike<number>,
  shape: readonly number[],
  range: readonly [number, number],
  columns?: number,
): Raster {
  if (shape.length === 2 && shape[1] === 2) return scatter(data);
  const side = shape[shape.length - 1];
  return imageSheet(
    { data, shape, range },
    { columns, scale: Math.max(1, Math.round(64 / side)), background: 24 },
  );
}

const side = 480;

/** Points of the plane as dots, with equal scales on both axes. */
function scatter(points: ArrayLike<number>): Raster {
  const data = new Uint8Array(side * side).fill(255);
  let reach = 1e-9;
  for (let i = 0; i < points.length; i++)
    if (Number.isFinite(points[i])) reach = Math.max(reach, Math.abs(points[i]));
  const place = (v: number) => Math.round((side - 9) * (0.5 + v / (2.1 * reach))) + 4;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const [x, y] = [place(points[i]), place(-points[i + 1])];
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ]) {
      const at = (y + dy) * side + x + dx;
      if (at >= 0 && at < data.length) data[at] = Math.max(0, data[at] - 110);
    }
  }
  return { width: side, height: side, channels: 1, data };
}

/** A loss curve: each reading faint, their running mean strong. */
export function lossChart(
  title: string,
  history: History,
  names: readonly string[] = Object.keys(history.losses),
): Uint8Array {
  const series: Series[] = names.flatMap((name) => {
    const y = history.losses[name];
    if (!y || y.length === 0) return [];
    return [
      { name: "", x: history.steps, y, faint: true },
      { name, x: history.steps, y: runningMean(y) },
    ];
  });
  return lineChart(series, { title, xLabel: "step", yLabel: "loss" });
}

function runningMean(values: readonly number[]): number[] {
  const reach = Math.max(1, Math.floor(values.length / 50));
  return values.map((_, i) => {
    const part = values.slice(Math.max(0, i - reach), i + reach + 1);
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
}

/** A PNG of an image sheet. */
export const png = (raster: Raster): Uint8Array => writePng(raster);
