import { type Dataset, standardize } from "@gen/data";
import fc from "fast-check";
import { expect, test } from "vitest";

const points = (rows: readonly (readonly number[])[]): Dataset => ({
  name: "points",
  data: Float32Array.from(rows.flat()),
  shape: [rows[0].length],
  length: rows.length,
});

test("known numbers", () => {
  const { dataset, mean, std } = standardize(
    points([
      [1, 5],
      [3, 5],
      [5, 5],
      [7, 5],
    ]),
  );
  expect(Array.from(mean)).toEqual([4, 5]);
  expect(std[0]).toBeCloseTo(Math.sqrt(5), 12);
  expect(std[1]).toBe(1);
  expect(dataset.data[0]).toBeCloseTo(-3 / Math.sqrt(5), 6);
  expect(dataset.data[1]).toBe(0);
});

test("mean 0, deviation 1, and the inverse", () => {
  const value = fc.float({ min: -1e3, max: 1e3, noNaN: true });
  const row = fc.tuple(value, value, value);
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 30 }), (rows) => {
      const original = points(rows);
      const { dataset, mean, std } = standardize(original);
      dataset.data.forEach((v, i) => {
        const back = v * std[i % 3] + mean[i % 3];
        expect(Math.abs(back - original.data[i])).toBeLessThan(1e-3);
      });
      for (let k = 0; k < 3; k++) {
        const column = dataset.data.filter((_, i) => i % 3 === k);
        const sum = column.reduce((a, b) => a + b, 0);
        expect(Math.abs(sum / column.length)).toBeLessThan(1e-3);
      }
    }),
  );
});

test("refuses NaN", () => {
  expect(() =>
    standardize(
      points([
        [0, 1],
        [Number.NaN, 2],
      ]),
    ),
  ).toThrow(expect.objectContaining({ name: "GenError", code: "invalid-data" }));
});
