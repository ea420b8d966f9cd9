/*
 * The smallest regions that hold given shares of a density, as outlines: lines of equal density
 * through the cells of its grid, by marching squares.
 */
import type { GridDensity } from "./tilted.ts";

/**
 * For each share, the mass of a cell on the border of the smallest region that holds this share of
 * the density: the region is all cells of at least this mass.
 */
export function regionBorders({ mass }: GridDensity, shares: readonly number[]): number[] {
  const descending = Float64Array.from(mass).sort().reverse();
  return shares.map((share) => {
    let sum = 0;
    const last = descending.findIndex((v) => {
      sum += v;
      return sum >= share;
    });
    return descending.at(last) as number;
  });
}

/** The closed outlines of a region, `[n, 2]` each. The region is left of each outline, y up. */
export type Region = readonly Float32Array[];

/** The smallest regions that hold the shares of a density. */
export const smallestRegions = (density: GridDensity, shares: readonly number[]): Region[] =>
  regionBorders(density, shares).map((border) => regionAbove(density, border));

/** The region where a density's cells have at least the mass `border`. */
function regionAbove({ half, cells, mass }: GridDensity, border: number): Region {
  // A frame of empty cells closes the outlines at the grid's sides.
  const side = cells + 2;
  const above = new Float64Array(side * side).fill(-border);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      above[(row + 1) * side + column + 1] = mass[row * cells + column] - border;
    }
  }
  // Node i has two edges: 2i to its right, and 2i + 1 up. An outline goes from edge to edge.
  const next = new Map<number, number>();
  const steps = [1, side, side + 1];
  for (let i = 0; i < side * (side - 1); i++) {
    if (i % side === side - 1) continue;
    // Most squares of four nodes are all in or all out.
    const here = above[i] >= 0;
    if (steps.every((step) => above[i + step] >= 0 === here)) continue;
    const corners = [i, i + 1, i + side + 1, i + side];
    const edges = [2 * i, 2 * i + 3, 2 * (i + side), 2 * i + 1];
    const isIn = (k: number) => above[corners[k % 4]] >= 0;
    for (let k = 0; k < 4; k++) {
      if (!isIn(k) || isIn(k + 1)) continue;
      let end = k + 1;
      while (!isIn(end + 1)) end++;
      next.set(edges[k], edges[end % 4]);
    }
  }
  const place = (node: number) => ((node - 0.5) * 2 * half) / cells - half;
  const outlines: Float32Array[] = [];
  for (const [start] of next) {
    const outline: number[] = [];
    for (let edge: number | undefined = start; edge !== undefined; edge = take(next, edge)) {
      const node = edge >> 1;
      const up = edge % 2;
      const to = node + (up ? side : 1);
      const share = above[node] / (above[node] - above[to]);
      outline.push(place((node % side) + (up ? 0 : share)));
      outline.push(place(Math.floor(node / side) + (up ? share : 0)));
    }
    outlines.push(Float32Array.from(outline));
  }
  return outlines;
}

/** Reads an entry and removes it. */
function take(map: Map<number, number>, key: number): number | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}
