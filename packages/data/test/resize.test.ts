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
