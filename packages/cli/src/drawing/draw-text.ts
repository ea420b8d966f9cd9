import type { Raster } from "@gen/data";
import { glyphHeight, glyphRows, glyphWidth } from "./font.ts";

/** Red, green and blue, 0 to 255. A greyscale raster takes the first. */
export type Color = readonly [number, number, number];

/** Height of a line of text in pixels. */
export const textHeight = glyphHeight;

/** Width of a line of text in pixels. */
export function textWidth(text: string): number {
  return text.length * glyphWidth;
}

/**
 * Writes one line with its upper left corner at (left, top). A character outside printable ASCII
 * becomes "?".
 */
export function drawText(
  raster: Raster,
  text: string,
  left: number,
  top: number,
  color: Color,
): void {
  const bits = glyphRows.join("");
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const glyph = (code >= 32 && code < 127 ? code : 63) - 32;
    for (let y = 0; y < glyphHeight; y++) {
      const row = Number.parseInt(bits.substr(2 * (glyph * glyphHeight + y), 2), 16);
      for (let x = 0; x < glyphWidth; x++) {
        if (row & (128 >> x)) blend(raster, left + i * glyphWidth + x, top + y, color, 1);
      }
    }
  }
}

/** Mixes a color into one pixel. A pixel outside the raster is ignored. */
export function blend(raster: Raster, x: number, y: number, color: Color, alpha: number): void {
  const { width, height, channels, data } = raster;
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  for (let c = 0; c < channels; c++) {
    const at = (y * width + x) * channels + c;
    data[at] = Math.round(data[at] + alpha * (color[c] - data[at]));
  }
}
