import { readNpy, writeNpy } from "@gen/data";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NumericArray } from "../src/nd-array.ts";
import { errorOf, fixture } from "./fixture.ts";

describe("readNpy on files that numpy wrote", () => {
  test.each<[string, string, number[], NumericArray]>([
    ["f4", "float32", [2, 3], Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75)],
    ["f8", "float64", [2, 3], Float64Array.of(0, 1 / 3, 2 / 3, 3 / 3, 4 / 3, 5 / 3)],
    ["f2", "float16", [2, 3], Uint16Array.of(0, 0x3400, 0x3800, 0x3a00, 0x3c00, 0x3d00)],
    ["i4", "int32", [2, 3], Int32Array.of(-3, -2, -1, 0, 1, 2)],
    [
      "i8",
      "int64",
      [2, 3],
      BigInt64Array.from([0n, 1n, 2n, 3n, 4n, 5n], (k) => k * 2n ** 40n - 3n),
    ],
    ["u1", "uint8", [2, 3], Uint8Array.of(0, 50, 100, 150, 200, 250)],
    ["bool", "uint8", [2, 3], Uint8Array.of(1, 0, 1, 0, 1, 0)],
    ["big-endian", "float32", [2, 3], Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75)],
    ["fortran", "float32", [2, 3], Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75)],
    ["fortran-3d", "int32", [2, 3, 4], Int32Array.from({ length: 24 }, (_, i) => i)],
    ["version-2", "float32", [2, 3], Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75)],
    ["scalar", "int32", [], Int32Array.of(7)],
    ["vector", "float32", [3], Float32Array.of(0, 1, 2)],
    ["empty", "float32", [0, 3], new Float32Array(0)],
  ])("%s", (name, dtype, shape, data) => {
    expect(readNpy(fixture(`${name}.npy`))).toEqual({ dtype, shape, data });
  });

  test.each(["object", "complex"])("refuses %s", (name) => {
    expect(() => readNpy(fixture(`${name}.npy`), { name })).toThrow(
      new RegExp(`^${name}: npy dtype must be one of f2, f4, f8, .*got [|<](O|c8)$`),
    );
  });
});

test.each(["f4", "f8", "f2", "i4", "i8", "u1", "vector", "scalar", "empty"])(
  "writeNpy writes %s byte for byte as numpy",
  (name) => {
    const bytes = fixture(`${name}.npy`);
    expect(writeNpy(readNpy(bytes))).toEqual(bytes);
  },
);

test("any shape is read as it was written", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), (shape) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const data = Float32Array.from({ length: size }, (_, i) => i / 7);
      expect(readNpy(writeNpy({ shape, data }))).toEqual({ dtype: "float32", shape, data });
    }),
  );
});

const f4 = fixture("f4.npy");
const withHeader = (from: string, to: string) => {
  const bytes = f4.slice();
  const at = Buffer.from(bytes).indexOf(from);
  Buffer.from(to.padEnd(from.length)).copy(bytes, at);
  return bytes;
};

test.each([
  ["nothing", new Uint8Array(0), "must start with \\x93NUMPY"],
  ["another file", new Uint8Array(200), "must start with \\x93NUMPY"],
  ["a cut header", f4.slice(0, 60), "truncated in its 128-byte header"],
  ["a cut body", f4.slice(0, -1), "[2, 3] of float32 needs 24 bytes of data, got 23"],
  ["bytes left over", Uint8Array.of(...f4, 0), "needs 24 bytes of data, got 25"],
  ["version 9", f4.map((byte, i) => (i === 6 ? 9 : byte)), "npy version must be 1, 2 or 3, got 9"],
  ["a huge shape", withHeader("(2, 3), }", "(9999999999,)}"), "the limit is 1073741824"],
  ["no shape", withHeader("'shape'", "'shake'"), "must hold 'descr', 'fortran_order' and 'shape'"],
])("refuses %s in one line that names the file", (_what, bytes, problem) => {
  const error = errorOf(() => readNpy(bytes, { name: "noise.npy" }));
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^noise\.npy: [^\n]+$/);
  expect(error.message).toContain(problem);
});

test("refuses a shape that does not describe the data", () => {
  expect(() => writeNpy({ shape: [2, 2], data: new Float32Array(3) })).toThrow(
    "shape [2, 2] needs 4 elements, got 3",
  );
  expect(() => writeNpy({ dtype: "float64", shape: [3], data: new Float32Array(3) })).toThrow(
    "dtype float64 needs Float64Array, got Float32Array",
  );
});

test("a view into a larger buffer is read like a copy of it", () => {
  const bytes = fixture("f4.npy");
  const pool = Buffer.concat([Buffer.alloc(3, 255), bytes, Buffer.alloc(5, 255)]);
  expect(readNpy(pool.subarray(3, 3 + bytes.length))).toEqual(readNpy(bytes));
});
