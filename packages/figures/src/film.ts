/*
 * Pictures of one channel, as ink on the paper: -1 is the ground, 1 is the ink. A film strip shows
 * a run at a few moments, the sample x_t above its clean estimate:
 *
 *   x_t   noise ......... picture
 *   x0    blur  ......... picture
 */
import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** A picture `[height, width]` of numbers in about [-1, 1], row-major. */
export interface Picture {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/** One moment of a run. */
export interface FilmMoment {
  readonly noisy: Picture;
  readonly clean: Picture;
  /** Such as "t = 499". */
  readonly label: string;
}

/** The largest channel difference of two colors. */
const LEVELS = 255;

/** The level in 0..255 of a number in [-1, 1]; numbers outside are clipped. */
export const levelOfValue = (value: number): number =>
  Math.round(((Math.min(Math.max(value, -1), 1) + 1) / 2) * LEVELS);

/** The three channels of a color `#rgb` or `#rrggbb`. */
function channels(color: string): number[] {
  const digits = color.slice(1);
  const each = digits.length === 3 ? [...digits].map((d) => d + d) : digits.match(/../g);
  return (each ?? []).map((pair) => Number.parseInt(pair, 16));
}

/** The color of each level, from the palette's ground to its ink. */
function inks({ ground, ink }: Palette): string[] {
  const [from, to] = [channels(ground), channels(ink)];
  return Array.from({ length: LEVELS + 1 }, (_, level) => {
    const mixed = from.map((v, i) => Math.round(v + ((to[i] - v) * level) / LEVELS));
    return `rgb(${mixed.join(",")})`;
  });
}

/** Draws a picture that fills the box. Neighbors of one level in a row are one rectangle. */
export function drawPicture(
  surface: Surface,
  box: Box,
  palette: Palette,
  { values, width, height }: Picture,
): void {
  const { left = 0, top = 0 } = box;
  const colors = inks(palette);
  // Whole pixels leave no seams between rectangles.
  const x = (column: number) => left + Math.round((column * box.width) / width);
  const y = (row: number) => top + Math.round((row * box.height) / height);
  for (let row = 0; row < height; row++) {
    for (let start = 0, end = 0; start < width; start = end) {
      const level = levelOfValue(values[row * width + start]);
      for (end = start + 1; end < width; end++) {
        if (levelOfValue(values[row * width + end]) !== level) break;
      }
      if (level === 0) continue;
      surface.fillStyle = colors[level];
      surface.fillRect(x(start), y(row), x(end) - x(start), y(row + 1) - y(row));
    }
  }
}

const GAP = 8;
const LABEL = 20;
/** The line below a clean estimate. */
const LINE = 4;
/** The narrowest cell; a narrower strip goes on in a second line. */
const NARROWEST = 56;

/** The places of a strip's cells: how many in a line, and the side of each. */
export function filmLayout(width: number, moments: number) {
  const lines = width < moments * (NARROWEST + GAP) ? 2 : 1;
  const columns = Math.ceil(moments / lines);
  const side = Math.max(Math.floor((width - (columns - 1) * GAP) / columns), 1);
  const line = 2 * side + GAP + LABEL + LINE;
  return { columns, side, height: lines * line + (lines - 1) * GAP, line };
}

/** Draws a film strip. `chosen` is the moment that stands out. */
export function drawFilm(
  surface: Surface,
  { width, left = 0, top = 0 }: Box,
  palette: Palette,
  { moments, chosen }: { readonly moments: readonly FilmMoment[]; readonly chosen?: number },
): void {
  const { columns, side, line } = filmLayout(width, moments.length);
  surface.font = "12px system-ui, sans-serif";
  surface.textAlign = "left";
  moments.forEach(({ noisy, clean, label }, i) => {
    const x = left + (i % columns) * (side + GAP);
    const y = top + Math.floor(i / columns) * (line + GAP) + LABEL;
    const cell = (down: number) => ({ left: x, top: y + down, width: side, height: side });
    drawPicture(surface, cell(0), palette, noisy);
    drawPicture(surface, cell(side + GAP), palette, clean);
    surface.fillStyle = i === chosen ? palette.ink : palette.soft;
    surface.fillText(label, x, y - 6);
    // The clean estimates stand on a line in their letter's color.
    surface.fillStyle = palette.x0;
    surface.fillRect(x, y + 2 * side + GAP, side, i === chosen ? 3 : 1);
  });
}
