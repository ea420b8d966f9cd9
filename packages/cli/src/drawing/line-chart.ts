import { writePng } from "@gen/data";
import {
  blend,
  type Color,
  drawLine,
  drawText,
  textHeight,
  textWidth,
  whiteRaster,
} from "./raster.ts";
import { linearTicks, logTicks, tickText } from "./ticks.ts";

/** One line of a chart. Values that are not finite leave a gap. */
export interface Series {
  readonly name: string;
  readonly y: ArrayLike<number>;
  /** @defaultValue 0, 1, 2, ... */
  readonly x?: ArrayLike<number>;
  /** Draws the line pale, as the background of its average. */
  readonly faint?: boolean;
}

/** Settings of {@link lineChart}. */
export interface LineChartOptions {
  readonly title?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  /**
   * "log" shows powers of ten at even distances and omits values that are not above 0.
   * @defaultValue "linear"
   */
  readonly yScale?: "linear" | "log";
  /** Width in pixels. @defaultValue 720 */
  readonly width?: number;
  /** Height in pixels. @defaultValue 420 */
  readonly height?: number;
}

const colors: readonly Color[] = [
  [31, 105, 180],
  [224, 112, 16],
  [38, 140, 70],
  [190, 45, 60],
  [125, 85, 175],
  [120, 90, 70],
];
const ink: Color = [45, 45, 45];
const grey: Color = [110, 110, 110];
const gridColor: Color = [228, 228, 228];
const axisColor: Color = [150, 150, 150];

/**
 * Draws curves, for example losses, as a PNG with title, legend, numbered axes and a light grid. An
 * SVG would not go into the quickstart's one picture of several charts.
 *
 * @throws RangeError when no point is finite, when a series has different numbers of x and y, or
 * when a side is not a whole number in [200, 8192].
 */
export function lineChart(series: readonly Series[], options: LineChartOptions = {}): Uint8Array {
  const { title = "", xLabel = "", yLabel = "", yScale = "linear" } = options;
  const { width = 720, height = 420 } = options;
  for (const [name, side] of Object.entries({ width, height })) {
    if (!Number.isInteger(side) || side < 200 || side > 8192) {
      throw new RangeError(`${name} must be a whole number in [200, 8192], got ${side}`);
    }
  }
  const lines = series.map((line) => points(line, yScale));
  const all = lines.flat();
  const x = extent(all.map((point) => point[0]));
  const [lowest, highest] = extent(all.map((point) => point[1]));
  const margin = (highest - lowest) * 0.04;
  const y = [lowest - margin, highest + margin] as const;
  const xTicks = linearTicks(...x, Math.max(2, Math.floor(width / 110)));
  const yTicks =
    yScale === "log"
      ? logTicks(10 ** y[0], 10 ** y[1]).map((tick) => [Math.log10(tick), tick] as const)
      : linearTicks(...y, Math.max(2, Math.floor(height / 50))).map((t) => [t, t] as const);
  const raster = whiteRaster(width, height);
  const head = [title !== "", series.length > 1 || series[0].name !== "", yLabel !== ""];
  const top = 14 + head.filter(Boolean).length * (textHeight + 7) + 4;
  const bottom = height - (xLabel === "" ? 34 : 52);
  const left = 22 + Math.max(...yTicks.map(([, tick]) => textWidth(tickText(tick))));
  const right = width - 24;
  const toX = (value: number) => left + ((value - x[0]) / (x[1] - x[0])) * (right - left);
  const toY = (value: number) => bottom - ((value - y[0]) / (y[1] - y[0])) * (bottom - top);

  for (const tick of xTicks) {
    const at = Math.round(toX(tick));
    for (let v = top; v < bottom; v++) blend(raster, at, v, gridColor, 1);
    const text = tickText(tick);
    const start = Math.min(width - textWidth(text) - 2, at - textWidth(text) / 2);
    drawText(raster, text, Math.round(start), bottom + 8, grey);
  }
  for (const [value, tick] of yTicks) {
    const at = Math.round(toY(value));
    for (let u = left; u <= right; u++) blend(raster, u, at, gridColor, 1);
    const text = tickText(tick);
    drawText(raster, text, left - 8 - textWidth(text), at - 6, grey);
  }
  for (let u = left; u <= right; u++) blend(raster, u, bottom, axisColor, 1);
  for (let v = top; v <= bottom; v++) blend(raster, left, v, axisColor, 1);
  lines.forEach((line, i) => {
    const path = line.map(([a, b]) => [toX(a), toY(b)] as const);
    drawLine(raster, path, 1.8, colorOf(series[i], i));
  });

  let row = 14;
  if (head[0]) {
    drawText(raster, title, 14, row, ink);
    row += textHeight + 7;
  }
  if (head[1]) {
    let at = 14;
    for (const [i, { name }] of series.entries()) {
      const middle = row + 7;
      const swatch = [[at, middle] as const, [at + 18, middle] as const];
      drawLine(raster, swatch, 3, colorOf(series[i], i));
      drawText(raster, name, at + 25, row, ink);
      at += 25 + textWidth(name) + 20;
    }
    row += textHeight + 7;
  }
  if (head[2]) drawText(raster, yLabel, 14, row, grey);
  if (xLabel !== "") drawText(raster, xLabel, right - textWidth(xLabel), bottom + 28, grey);
  return writePng(raster);
}

function colorOf(line: Series, i: number): Color {
  const [r, g, b] = colors[i % colors.length];
  const pale = (level: number) => Math.round(255 - 0.35 * (255 - level));
  return line.faint ? [pale(r), pale(g), pale(b)] : [r, g, b];
}

function points({ name, x, y }: Series, yScale: "linear" | "log"): [x: number, y: number][] {
  if (x !== undefined && x.length !== y.length) {
    throw new RangeError(`series ${name} needs as many x as y, got ${x.length} and ${y.length}`);
  }
  return Array.from(y, (value, i) => [
    x?.[i] ?? i,
    yScale === "log" ? (value > 0 ? Math.log10(value) : Number.NaN) : value,
  ]);
}

function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values.filter(Number.isFinite)) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) throw new RangeError("series must hold at least one finite point");
  if (low < high) return [low, high];
  const margin = Math.abs(low) / 2 || 1;
  return [low - margin, high + margin];
}
