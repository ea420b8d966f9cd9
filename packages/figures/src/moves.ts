import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** Numbers that are moved, each along its own line. */
export interface MovesPicture {
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  /** The names of the two axes. */
  readonly names: readonly [from: string, to: string];
  /** Half of the range of both axes. */
  readonly half: number;
}

/** Room above the upper axis and below the lower one, for their names. */
const ROOM = 26;

/** Draws each number on the lower axis, and where it is moved to on the upper one. */
export function drawMoves(
  surface: Surface,
  { width, height, left = 0, top = 0 }: Box,
  palette: Palette,
  { from, to, names, half }: MovesPicture,
): void {
  const x = (v: number) => left + width / 2 + (v * width) / (2 * half);
  const inside = (v: number) => Math.abs(v) <= half;
  const upper = top + ROOM;
  const lower = top + height - ROOM;
  surface.strokeStyle = palette.soft;
  surface.lineWidth = 1;
  surface.globalAlpha = 0.5;
  surface.beginPath();
  for (let i = 0; i < from.length; i++) {
    if (!inside(from[i]) || !inside(to[i])) continue;
    surface.moveTo(x(from[i]), lower);
    surface.lineTo(x(to[i]), upper);
  }
  surface.stroke();
  surface.globalAlpha = 1;
  const axis = (y: number, values: ArrayLike<number>, color: string) => {
    surface.fillStyle = palette.hair;
    surface.fillRect(left, y, width, 1);
    surface.fillStyle = color;
    for (let i = 0; i < values.length; i++) {
      if (inside(values[i])) surface.fillRect(x(values[i]) - 2, y - 6, 4, 12);
    }
  };
  axis(lower, from, palette.z);
  axis(upper, to, palette.x0);
  surface.font = "13px system-ui, sans-serif";
  surface.textAlign = "left";
  surface.fillStyle = palette.z;
  surface.fillText(names[0], left, lower + 22);
  surface.fillStyle = palette.x0;
  surface.fillText(names[1], left, upper - 12);
}
