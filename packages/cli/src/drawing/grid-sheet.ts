import type { Raster } from "@gen/data";
import { drawText, textHeight, textWidth, whiteRaster } from "./raster.ts";

const GAP = 12;
const INK = [40, 40, 40] as const;

/**
 * Lays rasters of one size out in rows and columns on white, each row and each column with a title.
 *
 * @throws RangeError when a row has more or fewer rasters than there are columns.
 */
export function gridSheet(
  rows: readonly { readonly title: string; readonly cells: readonly Raster[] }[],
  columns: readonly string[],
): Raster {
  for (const { title, cells } of rows) {
    if (cells.length !== columns.length) {
      throw new RangeError(`row ${title} needs ${columns.length} rasters, got ${cells.length}`);
    }
  }
  const [{ width, height }] = rows[0].cells;
  const channels = rows.some(({ cells }) => cells.some((c) => c.channels === 3)) ? 3 : 1;
  const step = Math.max(width, ...columns.map(textWidth)) + GAP;
  const left = Math.max(...rows.map(({ title }) => textWidth(title))) + 2 * GAP;
  const top = textHeight + 2 * GAP;
  const sheet = whiteRaster(
    left + columns.length * step,
    top + rows.length * (height + GAP),
    channels,
  );
  columns.forEach((title, i) => {
    drawText(sheet, title, left + i * step, GAP, INK);
  });
  rows.forEach(({ title, cells }, row) => {
    const y0 = top + row * (height + GAP);
    drawText(sheet, title, GAP, y0 + Math.floor((height - textHeight) / 2), INK);
    cells.forEach((cell, i) => {
      copy(cell, sheet, left + i * step, y0);
    });
  });
  return sheet;
}

function copy(from: Raster, to: Raster, left: number, top: number): void {
  for (let y = 0; y < from.height; y++) {
    for (let x = 0; x < from.width; x++) {
      for (let c = 0; c < to.channels; c++) {
        const at = (y * from.width + x) * from.channels + Math.min(c, from.channels - 1);
        to.data[((top + y) * to.width + left + x) * to.channels + c] = from.data[at];
      }
    }
  }
}
