import { readPng, writePng } from "@gen/data";
import { expect, test } from "vitest";
import { hstack, imageSheet } from "../src/drawing/image-sheet.ts";

test("lays images out in rows, with space around them", () => {
  const sheet = imageSheet(
    { data: Uint8Array.of(1, 2, 3), shape: [3, 1, 1, 1] },
    { columns: 2, padding: 1, background: 9 },
  );
  expect(sheet).toMatchObject({ width: 5, height: 5, channels: 1 });
  // biome-ignore format: a picture
  expect(Array.from(sheet.data)).toEqual([
    9, 9, 9, 9, 9,
    9, 1, 9, 2, 9,
    9, 9, 9, 9, 9,
    9, 3, 9, 9, 9,
    9, 9, 9, 9, 9,
  ]);
});

test("scale repeats pixels and padding", () => {
  const images = { data: Uint8Array.of(1, 2), shape: [1, 1, 2] };
  const sheet = imageSheet(images, { padding: 1, scale: 2, background: 0 });
  expect(sheet).toMatchObject({ width: 8, height: 6 });
  const row = [0, 0, 1, 1, 2, 2, 0, 0];
  const blank = new Array(8).fill(0);
  expect(Array.from(sheet.data)).toEqual([blank, blank, row, row, blank, blank].flat());
});

test("channels first becomes red, green, blue", () => {
  const images = { data: Uint8Array.of(1, 2, 10, 20, 100, 200), shape: [1, 3, 1, 2] };
  expect(imageSheet(images, { padding: 0 })).toEqual({
    width: 2,
    height: 1,
    channels: 3,
    data: Uint8Array.of(1, 10, 100, 2, 20, 200),
  });
});

test("floats map their range to 0..255 and are clipped", () => {
  const levels = (data: number[], range?: [number, number]) => {
    const images = { data: Float32Array.from(data), shape: [1, 1, data.length], range };
    return Array.from(imageSheet(images, { padding: 0 }).data);
  };
  expect(levels([-1, 0, 0.5, 1, 2, Number.NaN])).toEqual([0, 0, 128, 255, 255, 0]);
  expect(levels([-1, 0, 1], [-1, 1])).toEqual([0, 128, 255]);
});

test("a sheet survives as a PNG", () => {
  const data = Float32Array.from({ length: 5 * 3 * 16 }, (_, i) => (i % 97) / 97);
  const sheet = imageSheet({ data, shape: [5, 3, 4, 4] });
  expect(readPng(writePng(sheet))).toEqual(sheet);
});

test("hstack puts rasters next to each other under their titles", () => {
  const grey = { width: 30, height: 4, channels: 1, data: new Uint8Array(120).fill(7) } as const;
  const red = {
    width: 20,
    height: 6,
    channels: 3,
    data: Uint8Array.from({ length: 360 }, (_, i) => (i % 3 === 0 ? 255 : 0)),
  } as const;
  const both = hstack([grey, red]);
  expect(both).toMatchObject({ width: 12 + 30 + 12 + 20 + 12, height: 12 + 6 + 12, channels: 3 });
  const pixel = (x: number, y: number) => {
    const from = 3 * (y * both.width + x);
    return Array.from(both.data.subarray(from, from + 3));
  };
  expect(pixel(12, 12)).toEqual([7, 7, 7]);
  expect(pixel(12, 16)).toEqual([255, 255, 255]);
  expect(pixel(54, 17)).toEqual([255, 0, 0]);
  const titled = hstack([grey], ["longer than the picture"]);
  expect(titled.width).toBe(24 + 23 * 7);
  expect(titled.data.subarray(0, titled.width * 24).some((level) => level < 100)).toBe(true);
});

test.each([
  ["no channels", () => imageSheet({ data: [], shape: [4] }), "got [4]"],
  ["two channels", () => imageSheet({ data: [0, 0], shape: [1, 2, 1, 1] }), "got [1, 2, 1, 1]"],
  ["no images", () => imageSheet({ data: [], shape: [0, 1, 1] }), "at least one image"],
  ["a wrong size", () => imageSheet({ data: [0], shape: [1, 2, 2] }), "need 4 values"],
  [
    "0 columns",
    () => imageSheet({ data: [0], shape: [1, 1, 1] }, { columns: 0 }),
    "columns must be a whole number in [1, 65535], got 0",
  ],
  ["no rasters", () => hstack([]), "at least one raster"],
])("refuses %s", (_what, run, problem) => {
  expect(run).toThrow(RangeError);
  expect(run).toThrow(problem);
});
