import { randomStream } from "@gen/math";

/*
 * A picture is a set of cells of a grid in the plane. Its link carries the cells, so every machine
 * has the same picture, whatever its fonts are.
 */

/** The grid: columns and rows of square cells. The plane's origin is its middle. */
export const grid = { columns: 512, rows: 256, pitch: 0.0088 } as const;

/** The most cells of a picture. */
export const maxCells = 800;

export interface Picture {
  /** Numbers of cells, row by row from the lowest, rising and all different. */
  readonly cells: Uint32Array;
  /** The seed of the noise that the points start from. */
  readonly seed: number;
}

/** The middles of a picture's cells in the plane, `[n, 2]`. */
export function anchorsOf({ cells }: Picture): Float32Array {
  const anchors = new Float32Array(2 * cells.length);
  cells.forEach((cell, i) => {
    anchors[2 * i] = ((cell % grid.columns) - (grid.columns - 1) / 2) * grid.pitch;
    anchors[2 * i + 1] = (Math.floor(cell / grid.columns) - (grid.rows - 1) / 2) * grid.pitch;
  });
  return anchors;
}

/** Half of the width and height that pictures are scaled into. */
const fit = { x: 1.95, y: 0.92 };

/**
 * The cells of points `[n, 2]`, scaled to fill the grid. A random part if there are too many.
 *
 * @throws RangeError when there are no points.
 */
export function cellsOfPoints(points: ArrayLike<number>): Uint32Array {
  if (points.length < 2) throw new RangeError("points must hold at least one point");
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    low[i % 2] = Math.min(low[i % 2], points[i]);
    high[i % 2] = Math.max(high[i % 2], points[i]);
  }
  const spread = [high[0] - low[0], high[1] - low[1]];
  const scale = Math.min((2 * fit.x) / spread[0], (2 * fit.y) / spread[1]);
  const unit = Number.isFinite(scale) ? scale / grid.pitch : 0;
  const place = (v: number, axis: 0 | 1, cells: number) => {
    const index = Math.round((cells - 1) / 2 + (v - (low[axis] + high[axis]) / 2) * unit);
    return Math.min(Math.max(index, 0), cells - 1);
  };
  const all = new Set<number>();
  for (let i = 0; i + 1 < points.length; i += 2) {
    const column = place(points[i], 0, grid.columns);
    all.add(place(points[i + 1], 1, grid.rows) * grid.columns + column);
  }
  const cells = [...all];
  const order = randomStream({ seed: 1, purpose: "cells" }).permutation(cells.length);
  return Uint32Array.from(order.subarray(0, maxCells), (i) => cells[i]).sort();
}

/**
 * Chooses cells that cover an area evenly: in a random order, each cell that is not too close to
 * the cells before it.
 */
export function coverEvenly(area: readonly number[]): Uint32Array {
  const order = randomStream({ seed: 1, purpose: "cells" }).permutation(area.length);
  for (let gap = 0.8 * Math.sqrt(area.length / maxCells); ; gap *= 1.06) {
    const cells = spaced(area, order, gap);
    if (cells.length <= maxCells) return Uint32Array.from(cells).sort();
  }
}

function spaced(area: readonly number[], order: Uint32Array, gap: number): number[] {
  const { columns, rows } = grid;
  const taken = new Uint8Array(columns * rows);
  const reach = Math.floor(gap);
  const cells: number[] = [];
  for (const i of order) {
    const cell = area[i];
    if (taken[cell]) continue;
    cells.push(cell);
    const column = cell % columns;
    const row = (cell - column) / columns;
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const x = column + dx;
        const y = row + dy;
        if (x < 0 || y < 0 || x >= columns || y >= rows || dx * dx + dy * dy > gap * gap) continue;
        taken[y * columns + x] = 1;
      }
    }
  }
  return cells;
}
