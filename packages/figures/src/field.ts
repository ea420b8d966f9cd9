import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** The fields of two denoisers over one grid. */
export interface FieldPicture {
  /** Points of the plane, `[n, 2]`. */
  readonly grid: ArrayLike<number>;
  /** The exact clean estimate of each, `[n, 2]`. */
  readonly exact: ArrayLike<number>;
  /** The network's clean estimate of each, `[n, 2]`. */
  readonly learned?: ArrayLike<number>;
  /** Samples of the network, `[n, 2]`. */
  readonly samples?: ArrayLike<number>;
  /** Half of the side of the square that is shown around the origin. */
  readonly half: number;
}

/** The part of the way to the estimate that an arrow shows, so that arrows rarely cross. */
const SHARE = 0.22;

/**
 * Draws the exact field in ink and the learned field over it in the network's color, as arrows from
 * each point of the grid toward its clean estimate, and the network's samples as points.
 */
export function drawField(
  surface: Surface,
  { width, height, left = 0, top = 0 }: Box,
  palette: Palette,
  { grid, exact, learned, samples, half }: FieldPicture,
): void {
  const unit = Math.min(width, height) / (2 * half);
  const x = (v: number) => left + width / 2 + v * unit;
  const y = (v: number) => top + height / 2 - v * unit;
  const arrows = (to: ArrayLike<number>) => {
    surface.beginPath();
    for (let i = 0; i < grid.length; i += 2) {
      surface.moveTo(x(grid[i]), y(grid[i + 1]));
      surface.lineTo(
        x(grid[i] + SHARE * (to[i] - grid[i])),
        y(grid[i + 1] + SHARE * (to[i + 1] - grid[i + 1])),
      );
    }
    surface.stroke();
  };
  surface.lineWidth = 2.5;
  surface.strokeStyle = palette.ink;
  surface.globalAlpha = 0.3;
  arrows(exact);
  if (learned) {
    surface.lineWidth = 1.3;
    surface.strokeStyle = palette.eps;
    surface.globalAlpha = 0.95;
    arrows(learned);
  }
  surface.globalAlpha = 0.9;
  surface.fillStyle = palette.soft;
  for (let i = 0; i < grid.length; i += 2) {
    surface.fillRect(x(grid[i]) - 1, y(grid[i + 1]) - 1, 2, 2);
  }
  if (samples) {
    surface.fillStyle = palette.x0;
    for (let i = 0; i < samples.length; i += 2) {
      surface.fillRect(x(samples[i]) - 1.6, y(samples[i + 1]) - 1.6, 3.2, 3.2);
    }
  }
  surface.globalAlpha = 1;
}
