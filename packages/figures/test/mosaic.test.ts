import { joint } from "@gen/math";
import { expect, test } from "vitest";
import { mosaicTiles } from "../src/mosaic.ts";

const table = {
  shape: [2, 2, 2],
  probabilities: [0.1, 0.2, 0.05, 0.15, 0.08, 0.12, 0.2, 0.1],
};

test("the tiles of the last column are the joint probabilities, and each column is whole", () => {
  const tiles = mosaicTiles(joint.chainRule(table).map(({ probabilities }) => probabilities));
  const last = tiles.filter(({ column }) => column === 2).map(({ height }) => height);
  last.forEach((v, i) => expect(v).toBeCloseTo(table.probabilities[i], 12));
  for (const column of [0, 1, 2]) {
    const own = tiles.filter((tile) => tile.column === column);
    expect(own.reduce((sum, { height }) => sum + height, 0)).toBeCloseTo(1, 12);
    own.slice(1).forEach((tile, i) => {
      expect(tile.top).toBeCloseTo(own[i].top + own[i].height, 12);
    });
  }
});
