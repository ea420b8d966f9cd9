import { glyphHeight, glyphRows, glyphWidth } from "./font.ts";
import type { Raster } from "./png.ts";

/** Red, green and blue, 0 to 255. On greyscale rasters the first counts. */
export type Colour = readonly [number, number, number];

/** Height of a line of text in pixels. */
export const textHeight = glyphHeight;

/** Width of a line of text in pixels. */
export function textWidth(text: string): number {
  return text.length * glyphWidth;
}

/** Writes one line, its upper left corner at (left, top); what is not printable ASCII becomes "?". */
export function drawText(
  raster: Raster,
  text: string,
  left: number,
  top: number,
  colour: Colour,
): void {
  const bits = glyphRows.join("");
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const glyph = (code >= 32 && code < 127 ? code : 63) - 32;
    for (let y = 0; y < glyphHeight; y++) {
      const row = Number.parseInt(bits.substr(2 * (glyph * glyphHeight + y), 2), 16);
      for (let x = 0; x < glyphWidth; x++) {
        if (row & (128 >> x)) blend(raster, left + i * glyphWidth + x, top + y, colour, 1);
      }
    }
  }
}

/** Mixes a colour into one pixel; outside the raster nothing happens. */
export function blend(raster: Raster, x: number, y: number, colour: Colour, alpha: number): void {
  const { width, height, channels, data } = raster;
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  for (let c = 0; c < channels; c++) {
    const at = (y * width + x) * channels + c;
    data[at] = Math.round(data[at] + alpha * (colour[c] - data[at]));
  }
}
