import { readNpz, writeNpz } from "@gen/data";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { errorOf, fixture } from "./fixture.ts";

const x = {
  dtype: "float32",
  shape: [4, 2],
  data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
} as const;
const labels = { dtype: "int64", shape: [4], data: BigInt64Array.of(0n, 1n, 0n, 1n) } as const;

test.each(["points.npz", "points-compressed.npz"])("reads %s, which numpy wrote", (name) => {
  expect(readNpz(fixture(name))).toEqual({ x, labels });
});

test("arrays are read as they were written, and equal arrays give equal bytes", () => {
  const bytes = writeNpz({ x, labels });
  expect(readNpz(bytes)).toEqual({ x, labels });
  expect(writeNpz({ x, labels })).toEqual(bytes);
});

const lie = () => {
  // An entry whose declared size is far above and below its real one.
  const bytes = zipSync({ "a.npy": new Uint8Array(100_000) });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const central = view.getUint32(bytes.length - 6, true);
  view.setUint32(central + 24, 3_000_000_000, true);
  return bytes;
};

test.each([
  ["nothing", new Uint8Array(0), "must start with PK"],
  ["a cut archive", fixture("points.npz").slice(0, 300), "not a readable zip archive"],
  [
    "other entries",
    zipSync({ "a.txt": new Uint8Array(3) }),
    "entries must be .npy arrays, got a.txt",
  ],
  ["an entry that is no array", zipSync({ "a.npy": new Uint8Array(30) }), "(a.npy): not an npy"],
  ["a declared size above the limit", lie(), "bytes, the limit is 1073741824"],
])("refuses %s in one line that names the file", (_what, bytes, problem) => {
  const error = errorOf(() => readNpz(bytes, { name: "set.npz" }));
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^set\.npz[^\n]+$/);
  expect(error.message).toContain(problem);
});

test("limit counts all arrays together", () => {
  expect(() => readNpz(fixture("points.npz"), { limit: 300 })).toThrow(
    "bytes, the limit is 300 (option limit raises it)",
  );
});

test("a view into a larger buffer is read like a copy of it", () => {
  const bytes = fixture("points-compressed.npz");
  const pool = Buffer.concat([Buffer.alloc(3, 255), bytes, Buffer.alloc(5, 255)]);
  expect(readNpz(pool.subarray(3, 3 + bytes.length))).toEqual(readNpz(bytes));
});
