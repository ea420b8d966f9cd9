import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** A chain of variables with two values each. */
export interface MosaicPicture {
  /**
   * The factors of the chain rule: factor k holds `P(X_k | X_0..X_{k-1})`, row-major, 2^(k+1)
   * numbers.
   */
  readonly factors: readonly ArrayLike<number>[];
  /** The names of the variables. */
  readonly names: readonly string[];
}

/** A tile of a mosaic, in shares of the box's height. */
export interface Tile {
  readonly column: number;
  readonly value: 0 | 1;
  readonly top: number;
  readonly height: number;
}

/**
 * The tiles of each column: column k splits each tile of column k - 1 by the conditional
 * probabilities, so a tile's height is its joint probability.
 */
export function mosaicTiles(factors: readonly ArrayLike<number>[]): Tile[] {
  const tiles: Tile[] = [];
  let parents = [{ top: 0, height: 1 }];
  factors.forEach((factor, column) => {
    parents = parents.flatMap(({ top, height }, past) =>
      ([0, 1] as const).map((value) => {
        const share = height * factor[2 * past + value];
        const above = value === 0 ? 0 : height * factor[2 * past];
        tiles.push({ column, value, top: top + above, height: share });
        return { top: top + above, height: share };
      }),
    );
  });
  return tiles;
}

/** Height of the row of names. */
const HEAD = 24;

/** Draws a chain as columns of tiles: the height of a tile is the joint probability of its past. */
export function drawMosaic(
  surface: Surface,
  { width, height, left = 0, top = 0 }: Box,
  palette: Palette,
  { factors, names }: MosaicPicture,
): void {
  const gap = 10;
  const each = (width - gap * (factors.length - 1)) / factors.length;
  const tall = height - HEAD;
  surface.globalAlpha = 1;
  surface.font = "13px system-ui, sans-serif";
  surface.textAlign = "center";
  surface.fillStyle = palette.soft;
  names.forEach((name, k) => {
    surface.fillText(name, left + k * (each + gap) + each / 2, top + 14);
  });
  for (const tile of mosaicTiles(factors)) {
    const x = left + tile.column * (each + gap);
    const y = top + HEAD + tile.top * tall;
    const tileHeight = tile.height * tall;
    surface.fillStyle = tile.value === 0 ? palette.ink : palette.hair;
    surface.fillRect(x, y + 1, each, Math.max(tileHeight - 2, 0));
    if (tileHeight < 18) continue;
    surface.fillStyle = tile.value === 0 ? palette.ground : palette.ink;
    surface.fillText(tile.height.toFixed(2), x + each / 2, y + tileHeight / 2 + 5);
  }
}
