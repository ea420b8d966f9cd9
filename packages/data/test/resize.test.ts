import type { Raster } from "@gen/data";
import fc from "fast-check";
import { expect, test } from "vitest";
import { resize } from "../src/resize.ts";

const grey = (width: number, ...data: number[]): Raster => ({
  width,
  height: data.length / width,
  channels: 1,
  data: Uint8Array.from(data),
});

test("the same size changes nothing", () => {
  const raster = grey(3, 0, 50, 100, 150, 200, 250);
  expect(resize(raster, 3, 2)).toEqual(raster);
});

test("a flat picture stays flat at any size", () => {
  const side = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(side, side, side, side, (w, h, width, height) => {
      const raster: Raster = { width: w, height: h, channels: 3, data: new Uint8Array(w * h * 3) };
      raster.data.forEach((_, i) => {
        raster.data[i] = [9, 99, 199][i % 3];
      });
      const out = resize(raster, width, height);
      expect(out).toMatchObject({ width, height, channels: 3 });
      expect(out.data.every((level, i) => level === [9, 99, 199][i % 3])).toBe(true);
    }),
  );
});

test("contain adds black at the ends, stretch changes proportions", () => {
  const wide = grey(4, ...new Array(8).fill(200));
  const contained = resize(wide, 4, 4, "contain");
  expect(Array.from(contained.data)).toEqual([
    ...new Array(4).fill(0),
    ...new Array(8).fill(200),
    ...new Array(4).fill(0),
  ]);
  const tall = resize(
    { width: 1, height: 3, channels: 3, data: new Uint8Array(9).fill(9) },
    4,
    3,
    "contain",
  );
  expect(Array.from(tall.data.subarray(0, 12))).toEqual([0, 0, 0, 9, 9, 9, 0, 0, 0, 0, 0, 0]);
  // Each row is the average of two equal rows, and each column one of the input.
  const stretched = resize(grey(2, 10, 90, 10, 90, 10, 90, 10, 90), 2, 2, "stretch");
  expect(Array.from(stretched.data)).toEqual([10, 90, 10, 90]);
  // A crop of the same to 2 x 2 is its middle: 2 x 2 pixels as they are.
  expect(Array.from(resize(grey(2, 0, 0, 10, 90, 10, 90, 0, 0), 2, 2).data)).toEqual([
    10, 90, 10, 90,
  ]);
});

test("shrinking averages, growing interpolates, and the longer side is cut", () => {
  // Halving takes a triangle of reach 2 about each middle: weights 3, 3, 1 (of 1, 3, 3, 1, cut at
  // the edge), so (3*0 + 3*0 + 70)/7 and (0 + 3*70 + 3*70)/7.
  const halves = [0, 0, 70, 70];
  const wide = grey(4, ...halves, ...halves);
  expect(Array.from(resize(wide, 2, 1).data)).toEqual([10, 60]);
  const doubled = resize(grey(2, 0, 100, 0, 100), 4, 4);
  expect(Array.from(doubled.data.subarray(0, 4))).toEqual([0, 25, 75, 100]);
  expect(Array.from(resize(grey(3, 10, 20, 30), 1, 1).data)).toEqual([20]);
});
