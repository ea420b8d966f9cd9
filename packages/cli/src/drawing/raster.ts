import type { Raster } from "@gen/data";
import { glyphHeight, glyphRows, glyphWidth } from "./font.ts";

/** Red, green and blue, 0 to 255. A greyscale raster takes the first. */
export type Color = readonly [number, number, number];

/** A white raster. */
export const whiteRaster = (width: number, height: number, channels: 1 | 3 = 3): Raster => ({
  width,
  height,
  channels,
  data: new Uint8Array(width * height * channels).fill(255),
});

/** Mixes a color into one pixel. A pixel outside the raster is ignored. */
export function blend(raster: Raster, x: number, y: number, color: Color, alpha: number): void {
  const { width, height, channels, data } = raster;
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  for (let c = 0; c < channels; c++) {
    const at = (y * width + x) * channels + c;
    data[at] = Math.round(data[at] + alpha * (color[c] - data[at]));
  }
}

/** Height of a line of text in pixels. */
export const textHeight = glyphHeight;

/** Width of a line of text in pixels. */
export const textWidth = (text: string): number => text.length * glyphWidth;

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

/**
 * Draws a smooth-edged polyline of `thickness` pixels through points (x, y), measured from the
 * upper left corner. A point that is not finite leaves a gap.
 */
export function drawLine(
  raster: Raster,
  points: readonly (readonly [number, number])[],
  thickness: number,
  color: Color,
): void {
  const { width, height } = raster;
  // One coverage for the whole line: segments drawn one by one would be darker where they meet.
  const coverage = new Float32Array(width * height);
  for (let i = 0; i < points.length; i++) {
    const [x0, y0] = points[i];
    const next = points[i + 1];
    const [x1, y1] = next?.every(Number.isFinite) ? next : points[i];
    if (!points[i].every(Number.isFinite)) continue;
    const reach = thickness / 2 + 1;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const squared = dx * dx + dy * dy;
    const bottom = Math.min(height - 1, Math.ceil(Math.max(y0, y1) + reach));
    const right = Math.min(width - 1, Math.ceil(Math.max(x0, x1) + reach));
    for (let y = Math.max(0, Math.floor(Math.min(y0, y1) - reach)); y <= bottom; y++) {
      for (let x = Math.max(0, Math.floor(Math.min(x0, x1) - reach)); x <= right; x++) {
        const along = squared === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / squared;
        const t = Math.min(1, Math.max(0, along));
        const distance = Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
        const covered = Math.min(1, Math.max(0, thickness / 2 + 0.5 - distance));
        const at = y * width + x;
        if (covered > coverage[at]) coverage[at] = covered;
      }
    }
  }
  for (let i = 0; i < coverage.length; i++) {
    if (coverage[i] > 0) blend(raster, i % width, Math.floor(i / width), color, coverage[i]);
  }
}
