import { arrayDataset, type NdArray, slice } from "@gen/data";
import { expect, test } from "vitest";
import { dataError } from "../src/data-error.ts";
import { errorOf } from "./fixture.ts";

const bytes = (shape: number[]): NdArray => ({
  dtype: "uint8",
  shape,
  data: Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

test("greyscale images get one channel, bytes their range", () => {
  const set = arrayDataset(bytes([2, 3, 4]), { name: "a" });
  expect(set).toMatchObject({ name: "a", shape: [1, 3, 4], length: 2, range: [0, 255] });
  expect(set.data).toEqual(bytes([2, 3, 4]).data);
});

test("channels last become channels first", () => {
  const set = arrayDataset(bytes([1, 2, 2, 3]));
  expect(set.shape).toEqual([3, 2, 2]);
  expect(Array.from(set.data)).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
  expect(arrayDataset(bytes([1, 3, 2, 2])).shape).toEqual([3, 2, 2]);
  expect(arrayDataset(bytes([1, 3, 2, 3])).shape).toEqual([3, 2, 3]);
});

test("other dtypes become float32, with only a given range", () => {
  const data = BigInt64Array.of(1n, -2n);
  const set = arrayDataset({ dtype: "int64", shape: [1, 2], data });
  expect(set.data).toEqual(Float32Array.of(1, -2));
  expect(set.range).toBeUndefined();
  const ranged = arrayDataset({ dtype: "int64", shape: [1, 2], data }, { range: [-2, 2] });
  expect(ranged.range).toEqual([-2, 2]);
});

const f64 = (...data: number[]): NdArray => ({
  dtype: "float64",
  shape: [data.length, 1],
  data: Float64Array.from(data),
});
const labels = (...data: number[]): NdArray => ({ ...f64(...data), shape: [data.length] });

test.each([
  ["NaN", () => arrayDataset(f64(0, 1, Number.NaN)), "got NaN in item 2"],
  ["infinity", () => arrayDataset(f64(0, -Infinity)), "got -Infinity in item 1"],
  ["what overflows float32", () => arrayDataset(f64(1e300)), "got Infinity in item 0"],
  ["no items", () => arrayDataset(bytes([0, 3])), "at least one item is needed, got [0, 3]"],
  ["a scalar", () => arrayDataset({ ...f64(1), shape: [] }), "at least one item is needed, got []"],
  [
    "raw half floats",
    () => arrayDataset({ dtype: "float16", shape: [2], data: new Uint16Array(2) }),
    "must be float32, float64 or whole numbers, got float16",
  ],
  [
    "too few labels",
    () => arrayDataset(f64(1, 2), { labels: labels(0) }),
    "2 items need as many labels, got 1",
  ],
  [
    "labels between classes",
    () => arrayDataset(f64(1), { labels: labels(0.5) }),
    "labels must be whole numbers of 32 bits, got 0.5",
  ],
])("refuses %s", (_what, run, problem) => {
  const error = errorOf(run);
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^array: [^\n]+$/);
  expect(error.message).toContain(problem);
});

test("a slice shares the memory of its items and labels", () => {
  const whole = arrayDataset(bytes([4, 2]), { labels: labels(5, 6, 7, 8) });
  const part = slice(whole, 1, 3);
  expect(part.length).toBe(2);
  expect(Array.from(part.data)).toEqual([2, 3, 4, 5]);
  expect(Array.from(part.labels ?? [])).toEqual([6, 7]);
  expect(part.data.buffer).toBe(whole.data.buffer);
  for (const [from, to] of [
    [-1, 2],
    [0, 5],
    [2, 2],
    [0, 1.5],
  ] as const) {
    expect(() => slice(whole, from, to)).toThrow("0 <= from < to <= 4");
  }
});

test("messages stay on one line", () => {
  expect(dataError("a\nb", "c\r\n  d").message).toBe("a b: c d");
});
