import { gzipSync } from "node:zlib";
import { readIdx } from "@gen/data";
import { expect, test } from "vitest";
import { errorOf } from "./fixture.ts";

const idx = (type: number, shape: number[], body: Uint8Array) => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  shape.forEach((size, k) => {
    header.writeUInt32BE(size, 4 + 4 * k);
  });
  return new Uint8Array(Buffer.concat([header, body]));
};
const small = idx(8, [2, 1, 2], Uint8Array.of(0, 50, 100, 255));

test("reads bytes, plain and gzipped alike", () => {
  const plain = readIdx(small);
  expect(plain).toEqual({ dtype: "uint8", shape: [2, 1, 2], data: Uint8Array.of(0, 50, 100, 255) });
  expect(readIdx(gzipSync(small))).toEqual(plain);
});

test("reads every element type of the format, big-endian", () => {
  const wide = Buffer.alloc(8);
  wide.writeDoubleBE(-1.5);
  expect(readIdx(idx(14, [1], wide)).data).toEqual(Float64Array.of(-1.5));
  wide.writeFloatBE(0.25, 0);
  expect(readIdx(idx(13, [1], wide.subarray(0, 4))).data).toEqual(Float32Array.of(0.25));
  wide.writeInt32BE(-70_000, 0);
  expect(readIdx(idx(12, [1], wide.subarray(0, 4))).data).toEqual(Int32Array.of(-70_000));
  wide.writeInt16BE(-300, 0);
  expect(readIdx(idx(11, [1], wide.subarray(0, 2))).data).toEqual(Int16Array.of(-300));
  expect(readIdx(idx(9, [1], Uint8Array.of(255))).data).toEqual(Int8Array.of(-1));
});

test.each([
  ["empty", new Uint8Array(0), "not an idx file"],
  ["wrong magic", Uint8Array.of(1, 0, 8, 1, 0, 0, 0, 0), "must start with two zero bytes"],
  ["unknown type", Uint8Array.of(0, 0, 10, 1, 0, 0, 0, 0), "got 10"],
  ["rank 0", Uint8Array.of(0, 0, 8, 0), "idx rank must be 1 to 8, got 0"],
  ["cut header", small.slice(0, 9), "truncated in its 16-byte header"],
  ["cut body", small.slice(0, -1), "[2, 1, 2] of uint8 needs 4 bytes of data, got 3"],
  ["bytes left over", idx(8, [1], new Uint8Array(2)), "needs 1 bytes of data, got 2"],
  ["cut gzip", gzipSync(small).subarray(0, 24), "needs 4 bytes of data, got 1"],
  ["gzip of something else", gzipSync("a,b\n1,2\n"), "not an idx file"],
  ["sizes beyond any file", idx(8, [2 ** 32 - 1, 2 ** 32 - 1], new Uint8Array(0)), "the limit is"],
])("refuses %s in one line that names the file", (_what, bytes, problem) => {
  const error = errorOf(() => readIdx(bytes, { name: "train.idx" }));
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^train\.idx: [^\n]+$/);
  expect(error.message).toContain(problem);
});

test("a gzip bomb stops at the size its header claims", () => {
  const bomb = gzipSync(idx(8, [4], new Uint8Array(64_000_000)));
  expect(bomb.length).toBeLessThan(70_000);
  expect(() => readIdx(bomb)).toThrow("decompresses to more than 12 bytes");
});

test("limit bounds the decoded array", () => {
  expect(() => readIdx(small, { limit: 3 })).toThrow(
    "[2, 1, 2] of uint8 takes 4 bytes, the limit is 3",
  );
  expect(readIdx(small, { limit: 4 }).data.length).toBe(4);
});

test("a view into a larger buffer is read like a copy of it", () => {
  const pool = Buffer.concat([Buffer.alloc(3, 255), small, Buffer.alloc(5, 255)]);
  expect(readIdx(pool.subarray(3, 3 + small.length))).toEqual(readIdx(small));
});
