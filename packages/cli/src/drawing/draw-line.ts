import type { Raster } from "@gen/data";
import { blend, type Color } from "./draw-text.ts";

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
  // One coverage for the whole line: drawn segment by segment, joints would come out darker.
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
