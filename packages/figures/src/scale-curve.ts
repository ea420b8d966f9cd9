import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** A distance by scale, and the distances that fresh draws have. */
export interface ScaleCurve {
  /** The scales, ascending from 0. The last one is the end of the axis. */
  readonly scales: readonly number[];
  /** The distances at the first scales: as many as are measured. */
  readonly distances: readonly number[];
  /** The lowest and the highest distance of fresh draws. */
  readonly band?: readonly [low: number, high: number];
  /** The present scale and its distance. */
  readonly present?: readonly [scale: number, distance: number];
}

const MARGIN = { left: 34, right: 10, top: 8, bottom: 20 } as const;
/** Height of the axis, in distances, unless one is higher. */
const USUAL = 0.8;

/** Draws the curve over hairlines, the band of fresh draws, and the present scale in its color. */
export function drawScaleCurve(
  surface: Surface,
  { width, height, left = 0, top = 0 }: Box,
  palette: Palette,
  { scales, distances, band, present }: ScaleCurve,
): void {
  const last = scales[scales.length - 1];
  const most = Math.max(USUAL, ...distances, present?.[1] ?? 0);
  const x = (scale: number) =>
    left + MARGIN.left + (scale / last) * (width - MARGIN.left - MARGIN.right);
  const y = (distance: number) =>
    top + height - MARGIN.bottom - (distance / most) * (height - MARGIN.top - MARGIN.bottom);

  surface.font = "11px system-ui, sans-serif";
  surface.lineWidth = 1;
  surface.strokeStyle = palette.hair;
  surface.fillStyle = palette.soft;
  surface.beginPath();
  for (let distance = 0; distance <= most + 1e-9; distance += 0.2) {
    surface.moveTo(x(0), y(distance));
    surface.lineTo(x(last), y(distance));
    surface.textAlign = "right";
    surface.fillText(distance.toFixed(1), x(0) - 6, y(distance) + 4);
  }
  surface.stroke();
  surface.textAlign = "center";
  for (let scale = 0; scale <= last; scale += 2) {
    surface.fillText(scale === 0 ? "s = 0" : String(scale), x(scale), top + height - 4);
  }
  if (band) {
    surface.globalAlpha = 0.35;
    surface.fillRect(x(0), y(band[1]), x(last) - x(0), Math.max(y(band[0]) - y(band[1]), 2));
    surface.globalAlpha = 1;
  }
  surface.strokeStyle = palette.ink;
  surface.fillStyle = palette.ink;
  surface.lineWidth = 1.4;
  surface.beginPath();
  distances.forEach((distance, i) => {
    if (i === 0) surface.moveTo(x(scales[i]), y(distance));
    else surface.lineTo(x(scales[i]), y(distance));
    surface.fillRect(x(scales[i]) - 1.5, y(distance) - 1.5, 3, 3);
  });
  surface.stroke();
  if (present) {
    surface.fillStyle = palette.eta;
    surface.fillRect(x(present[0]) - 3.5, y(present[1]) - 3.5, 7, 7);
  }
}
