import { readPng, writePng } from "@gen/data";
import fc from "fast-check";
import { encode } from "fast-png";
import { zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import { errorOf, fixture } from "./fixture.ts";

const level = Uint8Array.from({ length: 8 }, (_, i) => 17 * i);
const rgb = Uint8Array.from([...level].flatMap((v) => [v, 255 - v, v >> 1]));
const whiteBelow = (data: Uint8Array) => data.map((v, i) => (i < data.length / 2 ? v : 255));

describe("readPng on files that Pillow wrote", () => {
  test.each([
    ["grey", 1, level],
    ["grey-16", 1, level],
    ["grey-1", 1, level.map((v) => (v > 50 ? 255 : 0))],
    ["grey-alpha", 1, whiteBelow(level)],
    ["grey-transparent", 1, level.map((v) => (v === 17 ? 255 : v))],
    ["rgb", 3, rgb],
    ["rgba", 3, whiteBelow(rgb)],
    ["palette", 3, rgb],
    ["palette-4-bit", 3, rgb],
  ])("%s", (name, channels, data) => {
    expect(readPng(fixture(`${name}.png`))).toEqual({ width: 4, height: 2, channels, data });
  });

  test("an interlaced file", () => {
    const data = Uint8Array.from({ length: 11 * 9 }, (_, i) => i);
    const png = encode({ width: 11, height: 9, channels: 1, data }, { interlace: "Adam7" });
    expect(readPng(png)).toEqual({ width: 11, height: 9, channels: 1, data });
  });
});

test("readPng reads the raster that writePng wrote", () => {
  const side = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(side, side, fc.constantFrom<(1 | 3)[]>(1, 3), (width, height, channels) => {
      const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 37) & 255);
      const raster = { width, height, channels, data };
      expect(readPng(writePng(raster))).toEqual(raster);
    }),
  );
});

test("writePng refuses the wrong number of bytes", () => {
  const raster = { width: 2, height: 2, channels: 1, data: new Uint8Array(3) } as const;
  expect(() => writePng(raster)).toThrow(
    "a 2x2 raster of 1 channels needs 4 bytes (at least 1), got 3",
  );
});

const grey = fixture("grey.png");
const edited = (at: number, ...bytes: number[]) => {
  const copy = grey.slice();
  copy.set(bytes, at);
  return copy;
};
const chunk = (type: string, body: Uint8Array) => {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32BE(body.length);
  out.write(type, 4);
  out.set(body, 8);
  return out;
};
const withPixels = (body: Uint8Array) =>
  new Uint8Array(
    Buffer.concat([grey.subarray(0, 33), chunk("IDAT", body), chunk("IEND", new Uint8Array(0))]),
  );

test.each([
  ["nothing", new Uint8Array(0), "the signature is missing"],
  ["another file", new Uint8Array(100), "the signature is missing"],
  ["a cut file", grey.slice(0, -13), "truncated PNG"],
  ["a huge picture", edited(16, 0, 0, 255, 255, 0, 0, 255, 255), "65535x65535 PNG takes"],
  ["a side of 0", edited(16, 0, 0, 0, 0), "PNG sides must be 1 to 65535, got 0x2"],
  ["an endless side", edited(16, 255, 0, 0, 0), "PNG sides must be 1 to 65535"],
  ["an unknown color type", edited(25, 5), "PNG of color type 5 and 8 bits is not allowed"],
  ["a damaged checksum", edited(29, 1, 2, 3, 4), "not a readable PNG"],
  ["damaged pixels", withPixels(Uint8Array.of(1, 2, 3, 4)), "not a readable zlib stream"],
  ["too few pixels", withPixels(zlibSync(new Uint8Array(9))), "truncated PNG: 9 of 10 bytes"],
  [
    "a bomb",
    withPixels(zlibSync(new Uint8Array(30_000_000))),
    "decompresses to more than 10 bytes",
  ],
])("refuses %s in one line that names the file", (_what, bytes, problem) => {
  const error = errorOf(() => readPng(bytes, { name: "a.png" }));
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^a\.png: [^\n]+$/);
  expect(error.message).toContain(problem);
});

test("a view into a larger buffer is read like a copy of it", () => {
  const bytes = fixture("rgba.png");
  const pool = Buffer.concat([Buffer.alloc(3, 255), bytes, Buffer.alloc(5, 255)]);
  expect(readPng(pool.subarray(3, 3 + bytes.length))).toEqual(readPng(bytes));
});
