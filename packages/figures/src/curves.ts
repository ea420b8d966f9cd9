import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** A function on a line. */
export interface Curve {
  readonly color: keyof Palette;
  /** Its values, at even places from `low` to `high`. */
  readonly values: ArrayLike<number>;
  /** Written above its highest point. */
  readonly name?: string;
  /** Whether the area under it is filled, faintly. @defaultValue `false` */
  readonly filled?: boolean;
}

export interface CurvesPicture {
  readonly low: number;
  readonly high: number;
  readonly curves: readonly Curve[];
  /** The value at the top of the picture. By default the highest of all curves. */
  readonly most?: number;
}

/** Heights of the axis with its numbers, and of the room for names. */
const AXIS = 24;
const NAME = 20;
/** Half of the width of a letter, at most. */
const HALF_LETTER = 4.2;

/** Draws functions over one axis, which stands where they are 0. */
export function drawCurves(
  surface: Surface,
  { width, height, left = 0, top = 0 }: Box,
  palette: Palette,
  { low, high, curves, most }: CurvesPicture,
): void {
  const all = curves.flatMap(({ values }) => Array.from(values));
  const highest = most ?? Math.max(...all, 1e-9);
  const lowest = Math.min(...all, 0);
  const unit = (height - AXIS - NAME) / (highest - lowest);
  const base = top + NAME + highest * unit;
  // Whole pixels, so that the columns of an area meet without a seam.
  const x = (i: number, count: number) => left + Math.round((width * i) / (count - 1));
  const y = (v: number) => base - Math.min(v, highest) * unit;
  surface.font = "13px system-ui, sans-serif";
  for (const { color, values, filled = false } of curves) {
    const count = values.length;
    if (filled) {
      surface.globalAlpha = 0.14;
      surface.fillStyle = palette[color];
      for (let i = 0; i + 1 < count; i++) {
        const from = y((values[i] + values[i + 1]) / 2);
        const [upper, lower] = from < base ? [from, base] : [base, from];
        surface.fillRect(x(i, count), upper, x(i + 1, count) - x(i, count), lower - upper);
      }
    }
    surface.globalAlpha = 1;
    surface.strokeStyle = palette[color];
    surface.lineWidth = 2;
    surface.beginPath();
    for (let i = 0; i < count; i++) {
      if (i === 0) surface.moveTo(x(i, count), y(values[i]));
      else surface.lineTo(x(i, count), y(values[i]));
    }
    surface.stroke();
  }
  surface.globalAlpha = 1;
  surface.fillStyle = palette.hair;
  surface.fillRect(left, base, width, 1);
  surface.fillStyle = palette.soft;
  surface.textAlign = "center";
  for (let v = Math.ceil(low); v <= high; v++) {
    const at = left + (width * (v - low)) / (high - low);
    if (at < left + 8 || at > left + width - 8) continue;
    surface.fillText(String(v).replace("-", "−"), at, top + height - 6);
  }
  for (const { color, values, name } of curves) {
    if (!name) continue;
    const peak = Array.from(values).reduce((best, v, i) => (v > values[best] ? i : best), 0);
    const middle = x(peak, values.length);
    surface.fillStyle = palette[color];
    const room = HALF_LETTER * name.length;
    const inside = Math.min(Math.max(middle, left + room), left + width - room);
    surface.fillText(name, inside, y(values[peak]) - 6);
  }
}
