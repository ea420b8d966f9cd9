import { type Box, drawPicture, drawStage, type Palette, type Surface } from "@gen/figures";
import type { Drawing, PicturesDrawing, PointsDrawing } from "./drawings.ts";

/** How much of a stage points fill, in its units. */
const FILLED = { x: 4, y: 2.1 } as const;
const GAP = 6;
/** The widest picture, in pixels of the page. */
const WIDEST = 220;

/** The smallest and the largest x and y. */
export function extentOf({ values }: PointsDrawing): { x: [number, number]; y: [number, number] } {
  const extent = (from: number): [number, number] => {
    const axis = values.filter((_, i) => i % 2 === from);
    return axis.reduce<[number, number]>(
      ([low, high], v) => [Math.min(low, v), Math.max(high, v)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
  };
  return { x: extent(0), y: extent(1) };
}

/** The height of a drawing in a page of this width. */
export function heightOf(drawing: Drawing, width: number): number {
  if (drawing.kind === "points") return Math.min(Math.round(width * 0.6), 320);
  const { columns, side } = grid(drawing, width);
  const rows = Math.ceil(drawnOf(drawing) / columns);
  const tall = (side * drawing.height) / drawing.width;
  return Math.round(rows * tall + (rows - 1) * GAP);
}

const drawnOf = ({ values, channels, height, width }: PicturesDrawing): number =>
  values.length / (channels * height * width);

function grid(drawing: PicturesDrawing, width: number) {
  const count = drawnOf(drawing);
  const columns = Math.min(count, width < 480 ? 4 : 8);
  const side = Math.min(Math.floor((width - (columns - 1) * GAP) / columns), WIDEST);
  return { columns, side };
}

/** Draws points, scaled to fit, or pictures side by side. */
export function drawDrawing(surface: Surface, box: Box, palette: Palette, drawing: Drawing): void {
  if (drawing.kind === "points") drawScatter(surface, box, palette, drawing);
  else drawPictures(surface, box, palette, drawing);
}

function drawScatter(surface: Surface, box: Box, palette: Palette, drawing: PointsDrawing): void {
  const { x, y } = extentOf(drawing);
  const middle = [(x[0] + x[1]) / 2, (y[0] + y[1]) / 2];
  const scale = 1 / (Math.max((x[1] - x[0]) / FILLED.x, (y[1] - y[0]) / FILLED.y) || 1);
  const points = drawing.values.map((v, i) => (v - middle[i % 2]) * scale);
  drawStage(surface, box, palette, { frames: [points], steps: 1, at: 0, tails: false });
}

function drawPictures(
  surface: Surface,
  box: Box,
  palette: Palette,
  drawing: PicturesDrawing,
): void {
  const { channels, height, width, values } = drawing;
  const { columns, side } = grid(drawing, box.width);
  const tall = (side * height) / width;
  const size = channels * height * width;
  for (let k = 0; k < drawnOf(drawing); k++) {
    const left = (k % columns) * (side + GAP);
    const top = Math.floor(k / columns) * (tall + GAP);
    const cell = { left, top, width: side, height: tall };
    const own = values.subarray(k * size, (k + 1) * size);
    if (channels === 1) {
      drawPicture(surface, cell, palette, { values: own.map((v) => 2 * v - 1), width, height });
    } else {
      drawColors(surface, cell, own, width, height);
    }
  }
}

/** Draws red, green and blue planes `[3, height, width]` from 0 to 1. */
function drawColors(
  surface: Surface,
  box: Required<Box>,
  values: Float32Array,
  width: number,
  height: number,
): void {
  // Whole pixels leave no seams between rectangles.
  const x = (column: number) => box.left + Math.round((column * box.width) / width);
  const y = (row: number) => box.top + Math.round((row * box.height) / height);
  const plane = width * height;
  for (let i = 0; i < plane; i++) {
    const [column, row] = [i % width, Math.floor(i / width)];
    const [red, green, blue] = [0, 1, 2].map((c) => Math.round(255 * values[c * plane + i]));
    surface.fillStyle = `rgb(${red},${green},${blue})`;
    surface.fillRect(x(column), y(row), x(column + 1) - x(column), y(row + 1) - y(row));
  }
}
