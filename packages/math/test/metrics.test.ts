import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomStream, slicedWasserstein, wasserstein1d } from "../src/index.ts";
import { mmd, rbfKernel } from "../src/metrics/index.ts";

const sample = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), {
  minLength: 1,
  maxLength: 12,
});

// Two interleaving half circles with noise of 0.05, standardized.
function moons(n: number, seed: number): Float64Array {
  const stream = randomStream({ seed, purpose: "moons" });
  const u = stream.uniform(n);
  const out = stream.normal(2 * n).map((z) => 0.05 * z);
  for (let i = 0; i < n; i++) {
    const angle = Math.PI * u[i];
    out[2 * i] += i % 2 ? 1 - Math.cos(angle) : Math.cos(angle);
    out[2 * i + 1] += i % 2 ? 0.5 - Math.sin(angle) : Math.sin(angle);
  }
  for (const axis of [0, 1]) {
    const values = out.filter((_, i) => i % 2 === axis);
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    const sigma = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
    for (let i = axis; i < 2 * n; i += 2) out[i] = (out[i] - mean) / sigma;
  }
  return out;
}

describe("wasserstein1d", () => {
  test("of shifted and scaled samples", () => {
    expect(wasserstein1d([3, 1, 2], [1 + 5, 3 + 5, 2 + 5])).toBeCloseTo(5, 14);
    expect(wasserstein1d([0], [3, -3])).toBeCloseTo(3, 14);
    expect(wasserstein1d([0, 1], [0, 1, 1])).toBeCloseTo(Math.sqrt(1 / 6), 14);
  });

  test("of unequal sizes equals the distance of samples repeated to equal sizes", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const repeat = (values: number[], k: number) => values.flatMap((v) => Array(k).fill(v));
        const same = wasserstein1d(repeat(a, b.length), repeat(b, a.length));
        expect(wasserstein1d(a, b)).toBeCloseTo(same, 10);
        expect(wasserstein1d(a, b)).toBe(wasserstein1d(b, a));
      }),
    );
  });

  test("an empty sample throws", () => {
    expect(() => wasserstein1d([], [1])).toThrow("samples must not be empty, got 0 and 1 points");
  });
});

describe("slicedWasserstein", () => {
  test("of a shift by d is |d| / sqrt(dim) on average over directions", () => {
    const a = randomStream({ seed: 1 }).normal(3 * 50);
    const b = a.map((value, i) => value + [3, 0, -4][i % 3]);
    const distance = slicedWasserstein(a, b, 3, { directions: 20_000 });
    expect(Math.abs(distance - 5 / Math.sqrt(3))).toBeLessThan(0.03);
    expect(slicedWasserstein(a, a, 3)).toBe(0);
  });

  test("two moons: a fresh sample scores about 0.025, noise about 0.3", () => {
    const data = moons(5000, 1);
    expect(slicedWasserstein(data, moons(5000, 2), 2)).toBeLessThan(0.045);
    const noise = randomStream({ seed: 3 }).normal(10_000);
    const far = slicedWasserstein(data, noise, 2);
    expect(far).toBeGreaterThan(0.27);
    expect(far).toBeLessThan(0.33);
  });

  test("is reproducible and checks its shape", () => {
    const a = randomStream({ seed: 1 }).normal(20);
    const b = randomStream({ seed: 2 }).normal(30);
    expect(slicedWasserstein(a, b, 2)).toBe(slicedWasserstein(a, b, 2));
    expect(slicedWasserstein(a, b, 2)).not.toBe(slicedWasserstein(a, b, 2, { seed: 9 }));
    expect(() => slicedWasserstein(a, b.subarray(1), 2)).toThrow(
      "points must be [n, 2] with n > 0, got 29 numbers",
    );
  });
});

describe("mmd", () => {
  test("by hand on two points each", () => {
    const k = (d: number) => Math.exp(-(d * d) / 2);
    // a = {0, 1}, b = {0, 2}
    const expected = k(1) + k(2) - (k(0) + k(2) + k(1) + k(1)) / 2;
    expect(mmd([0, 1], [0, 2], 1)).toBeCloseTo(expected, 14);
  });

  test("of two Gaussians is the closed form", () => {
    // rbf of bandwidth 1 and N(0, 1), N(m, 1): 2 / sqrt(3) (1 - exp(-m^2 / 6))
    const a = randomStream({ seed: 1 }).normal(1500);
    const b = randomStream({ seed: 2 })
      .normal(1500)
      .map((z) => z + 1);
    const expected = (2 / Math.sqrt(3)) * (1 - Math.exp(-1 / 6));
    expect(Math.abs(mmd(a, b, 1, rbfKernel(1)) - expected)).toBeLessThan(0.03);
  });

  test("a set of one point or a bandwidth of 0 throws", () => {
    expect(() => mmd([0], [0, 1], 1)).toThrow("n > 1");
    expect(() => rbfKernel(0)).toThrow("bandwidth must be positive, got 0");
  });
});
