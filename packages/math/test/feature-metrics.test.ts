import { describe, expect, test } from "vitest";
import { approximateNormalCdf } from "../src/discretized-gaussian.ts";
import {
  bitsPerDimension,
  discretizedGaussianLogProb,
  numberArithmetic,
  randomStream,
  wasserstein1d,
} from "../src/index.ts";
import {
  frechetDistance,
  frechetOfMoments,
  kid,
  medianDistance,
  mergeMoments,
  mmd,
  momentsOf,
  nearestNeighbors,
  precisionRecall,
  rbfKernel,
} from "../src/metrics/index.ts";
import { reference, relativeError } from "./reference.ts";

const a = numberArithmetic;

/** The features of tooling/reference/metrics.py. */
const features = (n: number, dim: number, k: number) =>
  Float64Array.from({ length: n * dim }, (_, i) => {
    const [row, column] = [Math.floor(i / dim), i % dim];
    const one = ((7919 * row * row + 31 * row + 17 * k + 5) % 211) / 105 - 1;
    const two = ((104729 * (row + 3 * k) * (column + 2) + 37 * column ** 2 + 11) % 173) / 86 - 1;
    return two + ((column % 3) * one) / 2 + (k * (column % 2)) / 4;
  });

describe.each<{ n: number; m: number; dim: number; [name: string]: unknown }>(
  reference("metrics.json").cases,
)("$n and $m features of $dim numbers", ({ n, m, dim, ...peer }) => {
  const [real, generated] = [features(n, dim, 0), features(m, dim, 1)];

  test("are those of the other packages", () => {
    expect([real[dim], generated[m * dim - 1]]).toEqual(peer.first);
  });

  test("have pytorch-fid's Frechet distance", () => {
    // The root of a singular product is known to half the digits.
    const within = n > dim ? 1e-11 : 1e-6;
    const distance = frechetDistance(real, generated, dim);
    expect(relativeError(distance, peer.frechet as number)).toBeLessThan(within);
  });

  test("have prdc's precision, recall, density and coverage", () => {
    for (const [k, values] of Object.entries(peer.prdc as object)) {
      for (const [name, value] of Object.entries(precisionRecall(real, generated, dim, Number(k))))
        expect(value).toBeCloseTo(values[name], 14);
    }
    const self = precisionRecall(real, real, dim);
    expect(self).toEqual(peer.self);
    expect(self).toEqual({ precision: 1, recall: 1, density: 1, coverage: 1 });
  });

  test("have scikit-learn's kernel means and neighbors, and POT's distance on a line", () => {
    const actual = mmd(real, generated, dim, rbfKernel(1.5));
    expect(Math.abs(actual - (peer.mmd as number))).toBeLessThan(1e-14);
    const nearest = peer.nearest as { indices: number[][]; distances: number[][] };
    const found = nearestNeighbors(generated.subarray(0, 4 * dim), real, dim, 3);
    expect(Array.from(found.indices)).toEqual(nearest.indices.flat());
    nearest.distances.flat().forEach((distance, i) => {
      expect(found.distances[i]).toBeCloseTo(distance, 12);
    });
    (peer.wasserstein as number[]).forEach((distance, j) => {
      const column = (set: Float64Array) => set.filter((_, i) => i % dim === j);
      expect(wasserstein1d(column(real), column(generated))).toBeCloseTo(distance, 12);
    });
  });

  test.runIf(n === m)("have torch-fidelity's KID as one subset", () => {
    const { mean, standardDeviation } = kid(real, generated, dim, { subsets: 1 });
    expect(relativeError(mean, peer.kid as number)).toBeLessThan(1e-12);
    expect(standardDeviation).toBe(0);
  });
});

describe("moments", () => {
  test("of parts merge to those of the whole, in any order and grouping", () => {
    const points = randomStream({ seed: 8 })
      .normal(5 * 240)
      .map((z, i) => 1e4 + (i % 5) * z);
    const whole = momentsOf(points, 5);
    const parts = [0, 3, 40, 41, 200, 240].map((end, i, ends) =>
      i === 0 ? undefined : momentsOf(points.subarray(5 * ends[i - 1], 5 * end), 5),
    );
    const [a, b, c, d, e] = parts.slice(1) as ReturnType<typeof momentsOf>[];
    for (const merged of [
      [a, b, c, d, e].reduce(mergeMoments),
      mergeMoments(mergeMoments(e, b), mergeMoments(d, mergeMoments(c, a))),
    ]) {
      expect(merged.count).toBe(240);
      expect(frechetOfMoments(merged, whole)).toBeLessThan(1e-6);
      merged.scatter.forEach((value, i) => {
        expect(Math.abs(value - whole.scatter[i])).toBeLessThan(1e-6);
      });
    }
    const other = momentsOf(features(50, 5, 1), 5);
    expect(frechetOfMoments(whole, other)).toBe(frechetDistance(points, features(50, 5, 1), 5));
    expect(() => mergeMoments(whole, momentsOf([1, 2], 2))).toThrow("5 dimensions, got 2");
    expect(() => frechetOfMoments(whole, momentsOf([1, 2], 2))).toThrow("got [1, 2]");
  });

  test("of a power of two of whole numbers merge exactly", () => {
    const points = features(64, 4, 0).map((value) => Math.round(64 * value));
    const [first, second] = [points.subarray(0, 128), points.subarray(128)];
    expect(mergeMoments(momentsOf(first, 4), momentsOf(second, 4))).toEqual(momentsOf(points, 4));
  });
});

describe("kid", () => {
  test("of alike sets is 0 on average, and grows with a shift", () => {
    const stream = randomStream({ seed: 5 });
    const [p, q] = [stream.normal(1200), stream.normal(1500)];
    const options = { subsets: 40, subsetSize: 100 };
    const same = kid(p, q, 3, options);
    expect(Math.abs(same.mean)).toBeLessThan(same.standardDeviation);
    const far = kid(
      p,
      q.map((value) => value + 1),
      3,
      options,
    );
    expect(far.mean).toBeGreaterThan(5 * same.standardDeviation);
    expect(kid(p, q, 3, options)).toEqual(same);
    expect(kid(p, q, 3, { ...options, seed: 1 })).not.toEqual(same);
  });

  test("refuses subsets above a set", () => {
    expect(() => kid([1, 2, 3], [1, 2], 1, { subsetSize: 3 })).toThrow(
      "subsetSize must be in [2, 2], got 3",
    );
    expect(() => kid([1, 2, 3], [1, 2], 1, { subsets: 0 })).toThrow("subsets must be");
  });
});

describe("neighbors", () => {
  test("of a point in the set start with itself; a count above the set is refused", () => {
    const points = features(20, 4, 0);
    const { indices, distances } = nearestNeighbors(points, points, 4, 2);
    expect(Array.from(indices).filter((_, i) => i % 2 === 0)).toEqual([...Array(20).keys()]);
    expect(distances.filter((_, i) => i % 2 === 0)).toEqual(new Float64Array(20));
    expect(() => nearestNeighbors([1], [1, 2], 1, 3)).toThrow("count must be");
  });

  test("have the median distance by hand", () => {
    // Distances 1, 3, 6, 2, 5, 3
    expect(medianDistance([0, 1, 3, 6], 1)).toBe(3);
    expect(() => medianDistance([0], 1)).toThrow("n > 1");
  });
});

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
