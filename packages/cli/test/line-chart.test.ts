import { type Raster, readPng } from "@gen/data";
import { describe, expect, test } from "vitest";
import { lineChart } from "../src/drawing/line-chart.ts";
import { linearTicks, logTicks, tickText } from "../src/drawing/ticks.ts";

const blue = [31, 105, 180];

/** For each column of the picture, the mean row of pure blue pixels below the legend, or NaN. */
function curve({ width, height, data }: Raster, top: number): number[] {
  return Array.from({ length: width }, (_, x) => {
    const rows: number[] = [];
    for (let y = top; y < height; y++) {
      if (blue.every((level, c) => data[3 * (y * width + x) + c] === level)) rows.push(y);
    }
    return rows.reduce((sum, y) => sum + y, 0) / rows.length;
  });
}

const finite = (values: number[]) => values.filter(Number.isFinite);

describe("lineChart", () => {
  test("has the given size, and a rising line rises from left to right", () => {
    const y = Array.from({ length: 50 }, (_, i) => i);
    const chart = readPng(lineChart([{ name: "", y }], { width: 400, height: 300 }));
    expect(chart).toMatchObject({ width: 400, height: 300, channels: 3 });
    const rows = finite(curve(chart, 0));
    expect(rows.length).toBeGreaterThan(300);
    rows.slice(1).forEach((row, i) => {
      expect(row).toBeLessThanOrEqual(rows[i]);
    });
    const slope = (rows[rows.length - 1] - rows[0]) / rows.length;
    const middle = rows[Math.floor(rows.length / 2)];
    expect(Math.abs(middle - (rows[0] + (slope * rows.length) / 2))).toBeLessThan(2);
  });

  test("an exponential is straight on the log scale", () => {
    const y = Array.from({ length: 100 }, (_, i) => Math.exp(-i / 10));
    const options = { width: 400, height: 300 };
    const bend = (yScale: "linear" | "log") => {
      const rows = finite(curve(readPng(lineChart([{ name: "", y }], { ...options, yScale })), 0));
      const middle = rows[Math.floor(rows.length / 2)];
      return Math.abs(middle - (rows[0] + rows[rows.length - 1]) / 2);
    };
    expect(bend("log")).toBeLessThan(2);
    expect(bend("linear")).toBeGreaterThan(50);
  });

  test("values that are not finite leave a gap", () => {
    const y = Array.from({ length: 101 }, (_, i) => (i > 40 && i < 60 ? Number.NaN : 1));
    const rows = curve(readPng(lineChart([{ name: "", y }])), 0);
    const first = rows.findIndex(Number.isFinite);
    const last = rows.findLastIndex(Number.isFinite);
    const gap = rows.slice(first, last).filter((row) => !Number.isFinite(row)).length;
    expect(gap / (last - first)).toBeCloseTo(0.2, 1);
  });

  test("titles, labels and names are drawn", () => {
    const y = [1, 2, 3];
    const plain = lineChart([{ name: "", y }]);
    for (const options of [{ title: "A" }, { xLabel: "step" }, { yLabel: "loss" }]) {
      expect(lineChart([{ name: "", y }], options)).not.toEqual(plain);
    }
    expect(lineChart([{ name: "loss", y }])).not.toEqual(plain);
  });

  test("refuses what it cannot draw", () => {
    const run = (y: number[], x?: number[]) => () => lineChart([{ name: "loss", y, x }]);
    expect(run([])).toThrow("series must hold at least one finite point");
    expect(run([Number.NaN])).toThrow("series must hold at least one finite point");
    expect(run([1, 2], [0])).toThrow("series loss needs as many x as y, got 1 and 2");
    expect(() => lineChart([{ name: "", y: [1] }], { width: 10 })).toThrow(
      "width must be a whole number in [200, 8192], got 10",
    );
  });
});

describe("ticks", () => {
  test("linear ticks are round, inside, and about as many as requested", () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
    expect(linearTicks(-3, 17, 4)).toEqual([0, 5, 10, 15]);
    expect(linearTicks(233.1, 561.2, 6)).toEqual([250, 300, 350, 400, 450, 500, 550]);
  });

  test("logarithmic ticks are powers of ten", () => {
    expect(logTicks(0.0005, 200)).toEqual([0.001, 0.01, 0.1, 1, 10, 100]);
    expect(logTicks(3, 30)).toEqual([5, 10, 20]);
    expect(logTicks(3, 4).length).toBeGreaterThan(1);
  });

  test("text", () => {
    const values = [0, 0.6000000000000001, 1000, 60_000, 2.5e8, -1e-5, 1234.5];
    expect(values.map(tickText)).toEqual([
      "0",
      "0.6",
      "1000",
      "60,000",
      "2.5e8",
      "-1e-5",
      "1234.5",
    ]);
  });
});
