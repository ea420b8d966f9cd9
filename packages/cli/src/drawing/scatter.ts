import type { Raster } from "@gen/data";
import { blend, type Color, whiteRaster } from "./raster.ts";

const side = 640;
const margin = 20;
const grid: Color = [232, 232, 232];
const axis: Color = [190, 190, 190];
const dot: Color = [31, 105, 180];

/**
 * Draws points `[n, 2]` of the plane as dots, y upwards, with equal scales on both axes, on a grid
 * with darker lines through the origin. Outliers, 0.2 % on each side, may fall outside.
 */
export function scatter(points: ArrayLike<number>): Raster {
  const raster = whiteRaster(side, side);
  const [xs, ys] = [coordinates(points, 0), coordinates(points, 1)];
  const [x, y] = [centerAndReach(xs), centerAndReach(ys)];
  const reach = Math.max(x.reach, y.reach) * 1.05 || 1;
  const toPixel = (side - 2 * margin) / (2 * reach);
  const toX = (value: number) => side / 2 + (value - x.center) * toPixel;
  const toY = (value: number) => side / 2 - (value - y.center) * toPixel;
  const step = gridStep(reach);
  for (const [center, place, across] of [
    [x.center, toX, true],
    [y.center, toY, false],
  ] as const) {
    for (let k = Math.ceil((center - reach) / step); k * step <= center + reach; k++) {
      const at = Math.round(place(k * step));
      for (let i = 0; i < side; i++) {
        blend(raster, across ? at : i, across ? i : at, k ? grid : axis, 1);
      }
    }
  }
  // Many dots are paler and smaller, so that their density shows.
  const radius = points.length > 2000 ? 1.3 : 2.2;
  const weight = points.length > 20_000 ? 0.25 : 0.6;
  for (let i = 0; i + 1 < points.length; i += 2) {
    drawDisc(raster, toX(points[i]), toY(points[i + 1]), radius, weight);
  }
  return raster;
}

function coordinates(points: ArrayLike<number>, k: 0 | 1): Float64Array {
  const values = new Float64Array(points.length / 2);
  for (let i = 0; i < values.length; i++) values[i] = points[2 * i + k];
  return values.filter(Number.isFinite).sort();
}

function centerAndReach(sorted: Float64Array): { center: number; reach: number } {
  if (sorted.length === 0) return { center: 0, reach: 1 };
  const cut = Math.floor(0.002 * sorted.length);
  const [low, high] = [sorted[cut], sorted[sorted.length - 1 - cut]];
  return { center: (low + high) / 2, reach: (high - low) / 2 };
}

/** 1, 2 or 5 times a power of ten, for 3 to 8 lines in the picture. */
function gridStep(reach: number): number {
  const power = 10 ** Math.floor(Math.log10(reach));
  const times = reach / power;
  return times < 2 ? power / 2 : times < 5 ? power : 2 * power;
}

function drawDisc(raster: Raster, x: number, y: number, radius: number, weight: number): void {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return;
  for (let v = Math.floor(y - radius); v <= Math.ceil(y + radius); v++) {
    for (let u = Math.floor(x - radius); u <= Math.ceil(x + radius); u++) {
      const inside = radius + 0.5 - Math.hypot(u - x, v - y);
      if (inside > 0) blend(raster, u, v, dot, weight * Math.min(1, inside));
    }
  }
}
