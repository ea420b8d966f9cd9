import { describe, expect, test } from "vitest";
import { approximateNormalCdf } from "../src/discretized-gaussian.ts";
import {
  bitsPerDimension,
  discretizedGaussianLogProb,
  frechetDistance,
  numberArithmetic,
  precisionRecall,
  randomStream,
} from "../src/index.ts";
import { reference } from "./reference.ts";

const a = numberArithmetic;

describe("frechetDistance", () => {
  test("of shifted and scaled sets has the closed form", () => {
    const points = randomStream({ seed: 1 }).normal(300);
    expect(frechetDistance(points, points, 3)).toBeCloseTo(0, 10);
    const shifted = points.map((value, i) => value + [3, 0, -4][i % 3]);
    expect(frechetDistance(points, shifted, 3)).toBeCloseTo(25, 9);
    // Scaled by 2: trace(C + 4 C - 2 * 2 C) = trace(C), the mean moves by its own length
    const scaled = points.map((value) => 2 * value);
    let expected = 0;
    for (const axis of [0, 1, 2]) {
      const values = points.filter((_, i) => i % 3 === axis);
      const mean = values.reduce((sum, value) => sum + value, 0) / 100;
      expected += mean ** 2;
      expected += values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 99;
    }
    expect(frechetDistance(points, scaled, 3)).toBeCloseTo(expected, 10);
  });

  test("of two correlated planes, by the square root of a 2x2 matrix", () => {
    const points = (seed: number, mix: number) => {
      const z = randomStream({ seed }).normal(400);
      return z.map((value, i) => (i % 2 ? value + mix * z[i - 1] : value));
    };
    const [p, q] = [points(1, 2), points(2, -1)];
    const moments = (set: Float64Array) => {
      const columns = [0, 1].map((d) => set.filter((_, i) => i % 2 === d));
      const mean = columns.map((c) => c.reduce((sum, value) => sum + value, 0) / 200);
      const entry = (i: number, j: number) =>
        columns[i].reduce(
          (sum, value, n) => sum + (value - mean[i]) * (columns[j][n] - mean[j]),
          0,
        ) / 199;
      return { mean, c: [entry(0, 0), entry(0, 1), entry(1, 1)] };
    };
    const [m, n] = [moments(p), moments(q)];
    // trace sqrt(M) = sqrt(trace M + 2 sqrt(det M)) for M = C_p C_q
    const trace = m.c[0] * n.c[0] + 2 * m.c[1] * n.c[1] + m.c[2] * n.c[2];
    const determinant = (c: number[]) => c[0] * c[2] - c[1] ** 2;
    const root = Math.sqrt(trace + 2 * Math.sqrt(determinant(m.c) * determinant(n.c)));
    const gap = (m.mean[0] - n.mean[0]) ** 2 + (m.mean[1] - n.mean[1]) ** 2;
    const expected = gap + m.c[0] + m.c[2] + n.c[0] + n.c[2] - 2 * root;
    expect(frechetDistance(p, q, 2)).toBeCloseTo(expected, 10);
    expect(frechetDistance(q, p, 2)).toBeCloseTo(expected, 10);
  });

  test("one point has no covariance", () => {
    expect(() => frechetDistance([1, 2], [1, 2], 2)).toThrow("points must be [n, 2] with n > 1");
  });
});

describe("precisionRecall", () => {
  test("of equal sets, distant sets and a lost mode", () => {
    const stream = randomStream({ seed: 4 });
    const real = stream.normal(400);
    const same = precisionRecall(real, real, 2);
    expect([same.precision, same.recall, same.coverage]).toEqual([1, 1, 1]);
    const far = precisionRecall(
      real,
      real.map((value) => value + 100),
      2,
    );
    expect(far).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
    // Two modes; the second is never generated.
    const modes = real.map((value, i) => value + (i < 200 ? 0 : 50));
    const half = precisionRecall(modes, stream.normal(400), 2);
    expect(half.precision).toBeGreaterThan(0.9);
    expect(half.recall).toBeLessThan(0.55);
    expect(half.coverage).toBeLessThan(0.55);
  });

  test("by hand on a line, one neighbor", () => {
    // real 0, 1, 10 reach 1, 1, 9; generated 0.5, 3, 30 reach 2.5, 2.5, 27
    expect(precisionRecall([0, 1, 10], [0.5, 3, 30], 1, 1)).toEqual({
      precision: 2 / 3,
      recall: 1,
      density: 3 / 3,
      coverage: 1,
    });
    expect(() => precisionRecall([0, 1], [0, 1], 1, 2)).toThrow("n > 2, got 2 numbers");
  });
});

describe("bits and discretized Gaussians", () => {
  test("ln 2 nats of one dimension are one bit", () => {
    expect(bitsPerDimension(Math.LN2 * 12, 6)).toBe(2);
  });

  test("guided-diffusion's approximate distribution function", () => {
    const { approx_cdf_x, approx_cdf } = reference("elementary.json");
    approx_cdf_x.forEach((x: number, i: number) => {
      expect(Math.abs(approximateNormalCdf(a, x) - approx_cdf[i])).toBeLessThan(1e-15);
    });
  });

  test("guided-diffusion's discretized Gaussian", () => {
    const { discretized_gaussian, discretized_gaussian_pixels } = reference("elementary.json");
    expect(discretized_gaussian.length).toBe(35);
    const n = discretized_gaussian_pixels.length;
    for (const { log_scale, mean_shift, log_prob } of discretized_gaussian) {
      for (let i = 0; i < n; i++) {
        const x = discretized_gaussian_pixels[i] / 127.5 - 1;
        const actual = discretizedGaussianLogProb(a, x, x + mean_shift, log_scale);
        // Both subtract two numbers near 1: this is a rounding relative to the difference.
        const rounding = 4e-16 / Math.exp(log_prob[i]);
        expect(Math.abs(actual - log_prob[i])).toBeLessThan(1e-11 + rounding);
      }
    }
  });

  test("the probabilities of all 256 values sum to 1", () => {
    for (const [mean, logScale] of [
      [0.1, -2],
      [-0.95, -4],
      [3, 0],
    ]) {
      let total = 0;
      for (let k = 0; k < 256; k++) {
        total += Math.exp(discretizedGaussianLogProb(a, k / 127.5 - 1, mean, logScale));
      }
      expect(total).toBeCloseTo(1, 9);
    }
  });
});
