import { readSafetensors, writeSafetensors } from "@gen/data";
import { expect, test } from "vitest";
import { errorOf, fixture } from "./fixture.ts";

const content = {
  tensors: {
    step: { dtype: "int64", shape: [1], data: BigInt64Array.of(3n) },
    bias: {
      dtype: "float64",
      shape: [2, 3],
      data: Float64Array.of(0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3),
    },
    weight: {
      dtype: "float32",
      shape: [2, 3],
      data: Float32Array.of(-0.5, -0.25, 0, 0.25, 0.5, 0.75),
    },
    half: {
      dtype: "float16",
      shape: [2, 3],
      data: Uint16Array.of(0, 0x3400, 0x3800, 0x3a00, 0x3c00, 0x3d00),
    },
  },
  metadata: { format: "gen", note: "µ" },
} as const;

test("reads a file that the safetensors library wrote", () => {
  expect(readSafetensors(fixture("model.safetensors"))).toEqual(content);
});

test("tensors and metadata are read as they were written, aligned to 8 bytes", () => {
  const bytes = writeSafetensors(content.tensors, content.metadata);
  expect(readSafetensors(bytes)).toEqual(content);
  const headerLength = new DataView(bytes.buffer).getBigUint64(0, true);
  expect(headerLength % 8n).toBe(0n);
  const reordered = Object.fromEntries(Object.entries(content.tensors).reverse());
  expect(writeSafetensors(reordered, content.metadata)).toEqual(bytes);
});

test("a file may have no tensors", () => {
  expect(readSafetensors(writeSafetensors({}))).toEqual({ tensors: {}, metadata: {} });
});

const file = (header: unknown, bodyLength: number, claimed?: bigint) => {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(claimed ?? BigInt(json.length));
  return new Uint8Array(Buffer.concat([start, json, Buffer.alloc(bodyLength)]));
};
const tensor = (from: number, to: number, shape: unknown = [(to - from) / 4], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

test.each([
  ["nothing", new Uint8Array(3), "truncated: 3 bytes of at least 8"],
  ["an endless header", file({}, 0, 2n ** 63n), "header must be at most 100000000 bytes"],
  ["a header beyond the file", file({}, 0, 50n), "truncated: the header ends at 58"],
  ["no JSON", file("{nope", 0), "not a readable safetensors header"],
  ["a list", file([], 0), "must be a JSON object"],
  ["an unknown dtype", file({ a: tensor(0, 4, [1], "F4") }, 4), "(a): dtype must be one of F64"],
  [
    "a size unlike the shape",
    file({ a: tensor(0, 8, [3]) }, 8),
    "takes 12 bytes, its offsets span 8",
  ],
  ["a negative shape", file({ a: tensor(0, 4, [-1]) }, 4), "must be lists of whole numbers"],
  ["a cut body", file({ a: tensor(0, 8) }, 7), "truncated: a ends at 8 of 7 bytes"],
  ["bytes left over", file({ a: tensor(0, 8) }, 9), "tensors end at 8, the data at 9"],
  ["an overlap", file({ a: tensor(0, 8), b: tensor(4, 12) }, 12), "b starts at 4, not 8"],
  ["a gap", file({ a: tensor(0, 8), b: tensor(12, 16) }, 16), "b starts at 12, not 8"],
  ["numbers as metadata", file({ __metadata__: { a: 1 } }, 0), "must map strings to strings"],
])("refuses %s in one line that names the file", (_what, bytes, problem) => {
  const error = errorOf(() => readSafetensors(bytes, { name: "model.safetensors" }));
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^model\.safetensors[^\n]*$/);
  expect(error.message).toContain(problem);
});

test("limit bounds each tensor", () => {
  expect(() => readSafetensors(fixture("model.safetensors"), { limit: 40 })).toThrow(
    "[2, 3] of float64 takes 48 bytes, the limit is 40",
  );
});

test("a view into a larger buffer is read like a copy of it", () => {
  const bytes = fixture("model.safetensors");
  const pool = Buffer.concat([Buffer.alloc(3, 255), bytes, Buffer.alloc(5, 255)]);
  expect(readSafetensors(pool.subarray(3, 3 + bytes.length))).toEqual(readSafetensors(bytes));
});
