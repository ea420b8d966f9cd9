import {
  anchorsOf,
  cellsOfPoints,
  coverEvenly,
  decodePicture,
  encodePicture,
  grid,
  maxCells,
  type Picture,
} from "@gen/figures/postcard";
import fc from "fast-check";
import { expect, test } from "vitest";

const last = grid.columns * grid.rows - 1;
const pictures = fc.record({
  cells: fc
    .uniqueArray(fc.integer({ min: 0, max: last }), { minLength: 1, maxLength: maxCells })
    .map((cells) => Uint32Array.from(cells).sort()),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

test("a code decodes to its picture, and a whole link has at most 1,500 characters", () => {
  fc.assert(
    fc.property(pictures, (picture) => {
      const code = encodePicture(picture);
      expect(decodePicture(code)).toEqual(picture);
      expect(code.length).toBeLessThanOrEqual(1260);
    }),
    { numRuns: 60 },
  );
});

test("the longest code is that of the widest gaps", () => {
  const spread = Uint32Array.from({ length: maxCells }, (_, i) =>
    Math.round((i * last) / (maxCells - 1)),
  );
  for (const cells of [spread, Uint32Array.from({ length: maxCells }, (_, i) => last - 799 + i)]) {
    const code = encodePicture({ cells, seed: 2 ** 32 - 1 });
    expect(code.length).toBeLessThanOrEqual(1260);
    expect(decodePicture(code)?.cells).toEqual(cells);
  }
});

test("10,000 damaged codes give no exception, and no picture but the same one", () => {
  const cells = Uint32Array.from({ length: 300 }, (_, i) => 40_000 + 7 * i * (1 + (i % 3)));
  const picture: Picture = { cells: Uint32Array.from(new Set(cells)).sort(), seed: 12 };
  const code = encodePicture(picture);
  const letters = "ABCXYZabcxyz0189-_=+/%?# \u{1f600}é";
  const random = fc.sample(fc.infiniteStream(fc.integer({ min: 0, max: 2 ** 31 })), 1)[0];
  const next = (below: number) => random.next().value % below;
  let slowest = 0;
  for (let i = 0; i < 10_000; i++) {
    const at = next(code.length);
    const letter = letters[next(letters.length)];
    const damaged = [
      code.slice(0, at),
      code.slice(0, at) + letter + code.slice(at + 1),
      code.slice(0, at) + letter.repeat(next(2000)) + code.slice(at),
      code.slice(at),
    ][i % 4];
    const started = performance.now();
    const decoded = decodePicture(damaged);
    slowest = Math.max(slowest, performance.now() - started);
    // The last character of base64 has bits that carry nothing.
    if (decoded) expect(decoded).toEqual(picture);
  }
  expect(slowest).toBeLessThan(100);
});

test("a code of another version is no picture", () => {
  const code = encodePicture({ cells: Uint32Array.of(5), seed: 0 });
  expect(decodePicture(code)).toBeDefined();
  expect(decodePicture(`2${code.slice(1)}`)).toBeUndefined();
  expect(decodePicture("")).toBeUndefined();
});

test("points of any scale fill the grid, in their own proportions", () => {
  const square = [0, 0, 1, 0, 0, 1, 1, 1];
  const anchors = anchorsOf({ cells: cellsOfPoints(square), seed: 0 });
  const moved = cellsOfPoints(square.map((v) => 1e6 * v - 3));
  expect(moved).toEqual(cellsOfPoints(square));
  const [xs, ys] = [0, 1].map((axis) => anchors.filter((_, i) => i % 2 === axis));
  const span = (v: Float32Array) => Math.max(...v) - Math.min(...v);
  expect(span(ys)).toBeGreaterThan(1.8);
  expect(Math.abs(span(xs) - span(ys))).toBeLessThan(2 * grid.pitch);
  // One point, or points on a line, have a place too.
  expect(cellsOfPoints([7, 7])).toHaveLength(1);
  expect(cellsOfPoints([0, 0, 1, 0, 2, 0])).toHaveLength(3);
});

test("an area is covered evenly by at most 800 cells", () => {
  const area = Array.from(
    { length: 200 * 120 },
    (_, i) => (60 + Math.floor(i / 200)) * grid.columns + 100 + (i % 200),
  );
  const cells = coverEvenly(area);
  expect(cells.length).toBeGreaterThan(400);
  expect(cells.length).toBeLessThanOrEqual(maxCells);
  // Each quarter of the area has a quarter of the cells.
  const left = cells.filter((cell) => cell % grid.columns < 200).length;
  expect(Math.abs(left / cells.length - 0.5)).toBeLessThan(0.05);
  expect(new Set(cells).size).toBe(cells.length);
  expect([...cells].every((cell) => area.includes(cell))).toBe(true);
});
