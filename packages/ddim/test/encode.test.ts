import { type FloatArray, normalNoise } from "@gen/math";
import { linearSchedule } from "@gen/schedules";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decode,
  encode,
  linearInterpolation,
  roundTrip,
  sphericalInterpolation,
} from "../src/index.ts";

const schedule = linearSchedule();
// Exact for data from N(2, 0.25).
const [center, variance] = [2, 0.25];
const oracle = (x: FloatArray, t: number) => {
  const { signal, noise } = schedule.level(t);
  return x.map((v) => (noise * (v - signal * center)) / (signal ** 2 * variance + noise ** 2));
};
const run = { denoiser: oracle, schedule, shape: [3, 1] };
const x = [2, 2.6, 1.3];

describe("encode and decode", () => {
  it("are inverse to each other, and roundTrip measures how closely", async () => {
    const { x: code } = await encode({ ...run, steps: 200, x });
    const { x: back } = await decode({ ...run, steps: 200, x: code });
    const report = await roundTrip({ ...run, steps: 200, x });
    expect([...Array.from(report.code)]).toEqual([...code]);
    expect([...Array.from(report.x)]).toEqual([...back]);
    const gaps = x.map((v, i) => Math.abs(back[i] - v));
    expect(report.error.max).toBeCloseTo(Math.max(...gaps), 14);
    expect(report.error.rms).toBeCloseTo(Math.hypot(...gaps) / Math.sqrt(3), 14);
    const finer = await roundTrip({ ...run, steps: 1000, x });
    expect(report.error.max / finer.error.max).toBeGreaterThan(3.5);
    expect(report.error.max / finer.error.max).toBeLessThan(7);
  });

  it("the codes of many samples have the mean and the spread of noise", async () => {
    const noise = normalNoise({ seed: 1, batch: 1, size: 4000 });
    const data = Array.from(noise, (v) => center + Math.sqrt(variance) * v);
    const shape = [4000, 1];
    const { x } = await encode({ ...run, shape, steps: 1000, x: data });
    const code = Array.from(x);
    const mean = code.reduce((sum, v) => sum + v, 0) / code.length;
    const spread = Math.sqrt(code.reduce((sum, v) => sum + (v - mean) ** 2, 0) / code.length);
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(spread - 1)).toBeLessThan(0.05);
  });
});

describe("interpolation", () => {
  const vector = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), {
    minLength: 4,
    maxLength: 4,
  });
  const weight = fc.double({ min: 0, max: 1, noNaN: true });

  it("starts at a and ends at b", () => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        for (const f of [sphericalInterpolation, linearInterpolation]) {
          for (const [i, v] of f(a, b, 0).entries()) expect(v).toBeCloseTo(a[i], 7);
          for (const [i, v] of f(a, b, 1).entries()) expect(v).toBeCloseTo(b[i], 7);
        }
      }),
    );
  });

  it("on the sphere keeps the length and moves by equal angles, row by row", () => {
    fc.assert(
      fc.property(weight, weight, fc.double({ min: 0.1, max: 3, noNaN: true }), (w, at, angle) => {
        const point = (phi: number) => [2 * Math.cos(phi), 2 * Math.sin(phi)];
        const a = [...point(at), ...point(1)];
        const b = [...point(at + angle), ...point(1 + angle / 2)];
        const expected = [...point(at + w * angle), ...point(1 + (w * angle) / 2)];
        const found = sphericalInterpolation(a, b, w, 2);
        for (const [i, v] of found.entries()) expect(v).toBeCloseTo(expected[i], 9);
      }),
    );
  });

  it("is linear between points of one direction, and throws for other lengths or rows", () => {
    expect([...sphericalInterpolation([1, 1], [3, 3], 0.5)]).toEqual([2, 2]);
    expect([...sphericalInterpolation([0, 0], [2, 4], 0.25)]).toEqual([0.5, 1]);
    expect([...linearInterpolation([1, 5], [3, 1], 0.25)]).toEqual([1.5, 4]);
    expect(() => linearInterpolation([1], [1, 2], 0.5)).toThrow("b must have as many numbers as a");
    expect(() => sphericalInterpolation([1, 2, 3], [1, 2, 3], 0.5, 2)).toThrow("2 equal rows");
  });
});
