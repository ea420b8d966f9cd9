import {
  checkerboard,
  drawnPoints,
  gaussianMixture,
  type PointSet,
  pinwheel,
  rings,
  standardize,
  swissRoll,
  twoMoons,
} from "@gen/data";
import { slicedWasserstein } from "@gen/math";
import { describe, expect, test } from "vitest";

const all = { twoMoons, swissRoll, checkerboard, rings, pinwheel, gaussianMixture };
const pairs = ({ data }: PointSet) =>
  Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i], data[2 * i + 1]] as const);

describe.each(Object.entries(all))("%s", (_name, make) => {
  test("depends on the seed alone, and more points begin with the same", () => {
    const few = make({ n: 50, seed: 0 });
    expect(few.shape).toEqual([2]);
    expect(few.data.length).toBe(100);
    expect(few.labels?.length).toBe(50);
    expect(make({ n: 80, seed: 0 }).data.subarray(0, 100)).toEqual(few.data);
    expect(make({ n: 50, seed: 1 }).data).not.toEqual(few.data);
  });

  test("refuses n and noise out of range", () => {
    expect(() => make({ n: 0, seed: 0 })).toThrow("n must be a whole number in [1, 1e8], got 0");
    expect(() => make({ n: 1, seed: 0, noise: -1 })).toThrow("noise must be >= 0, got -1");
    expect(() => make({ n: 1, seed: 0.5 })).toThrow("seed");
  });
});

describe("points without noise lie on their figure", () => {
  const n = 2_000;
  test("two moons: half circles of radius 1 about (0, 0) and (1, 1/2)", () => {
    const set = twoMoons({ n, seed: 1, noise: 0 });
    pairs(set).forEach(([x, y], i) => {
      const lower = set.labels?.[i] === 1;
      expect(lower ? Math.hypot(x - 1, y - 0.5) : Math.hypot(x, y)).toBeCloseTo(1, 6);
      expect(lower ? 0.5 - y : y).toBeGreaterThanOrEqual(0);
    });
  });

  test("swiss roll: the angle is the radius times 5", () => {
    for (const [x, y] of pairs(swissRoll({ n, seed: 1, noise: 0 }))) {
      const t = 5 * Math.hypot(x, y);
      expect(t).toBeGreaterThan(1.5 * Math.PI - 1e-5);
      expect(t).toBeLessThan(4.5 * Math.PI + 1e-5);
      expect(x).toBeCloseTo((t * Math.cos(t)) / 5, 4);
    }
  });

  test("checkerboard: 8 of 16 squares, each with an eighth of the points", () => {
    const squares = new Map<string, number>();
    for (const [x, y] of pairs(checkerboard({ n: 8_000, seed: 1 }))) {
      expect((Math.floor(x) + Math.floor(y)) & 1).toBe(0);
      const key = `${Math.floor(x)},${Math.floor(y)}`;
      squares.set(key, (squares.get(key) ?? 0) + 1);
    }
    expect(squares.size).toBe(8);
    // Five standard deviations of a binomial of 8,000 and 1/8.
    for (const count of squares.values()) expect(Math.abs(count - 1000)).toBeLessThan(148);
  });

  test("rings: radius (label + 1) / 2", () => {
    const set = rings({ n, seed: 1, noise: 0 });
    pairs(set).forEach(([x, y], i) => {
      expect(Math.hypot(x, y)).toBeCloseTo(((set.labels?.[i] ?? 0) + 1) / 2, 6);
    });
  });

  test("Gaussian mixture: eight centers at radius 2", () => {
    const centers = new Set<number>();
    for (const [x, y] of pairs(gaussianMixture({ n, seed: 1, noise: 0 }))) {
      expect(Math.hypot(x, y)).toBeCloseTo(2, 6);
      const eighth = Math.atan2(y, x) / (Math.PI / 4);
      expect(eighth).toBeCloseTo(Math.round(eighth), 5);
      centers.add((Math.round(eighth) + 8) % 8);
    }
    expect(centers.size).toBe(8);
  });

  test("pinwheel: five arms, turned by exp(r) / 4", () => {
    const set = pinwheel({ n, seed: 1, noise: 0 });
    pairs(set).forEach(([x, y], i) => {
      const r = Math.hypot(x, y) / 2;
      // A rare negative radius lies on the opposite side of its arm.
      if (r < 0.05) return;
      const angle = (2 * Math.PI * (set.labels?.[i] ?? 0)) / 5 + Math.exp(r) / 4;
      expect(x).toBeCloseTo(2 * r * Math.cos(angle), 4);
      expect(y).toBeCloseTo(2 * r * Math.sin(angle), 4);
    });
  });
});

test("noise has the given standard deviation", () => {
  const noise = 0.3;
  const clean = twoMoons({ n: 10_000, seed: 5, noise: 0 }).data;
  const noisy = twoMoons({ n: 10_000, seed: 5, noise }).data;
  const squares = noisy.reduce((sum, v, i) => sum + (v - clean[i]) ** 2, 0);
  expect(Math.sqrt(squares / noisy.length)).toBeCloseTo(noise, 2);
});

test("two sets of standardized moons are 0.025 apart, far less than with one half missing", () => {
  const { dataset, mean, std } = standardize(twoMoons({ n: 5_000, seed: 1 }));
  const scaled = (set: PointSet) => set.data.map((v, i) => (v - mean[i % 2]) / std[i % 2]);
  const fresh = scaled(twoMoons({ n: 5_000, seed: 2 }));
  const distance = slicedWasserstein(dataset.data, fresh, 2, { directions: 64 });
  expect(distance).toBeGreaterThan(0.008);
  expect(distance).toBeLessThan(0.04);
  const one = fresh.filter((_, i) => i % 4 < 2);
  expect(slicedWasserstein(dataset.data, one, 2, { directions: 64 })).toBeGreaterThan(0.3);
});

describe("drawnPoints", () => {
  const points = [
    [0, 0],
    [10, 0],
    [10, 5],
  ] as const;

  test("draws the points evenly, with noise relative to their extent", () => {
    const exact = drawnPoints({ points, n: 3_000, seed: 0, noise: 0 });
    const counts = points.map(
      ([x, y]) => pairs(exact).filter((pair) => pair[0] === x && pair[1] === y).length,
    );
    expect(counts.reduce((a, b) => a + b)).toBe(3_000);
    // Five standard deviations of a binomial of 3,000 and 1/3.
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(130);
    const jittered = drawnPoints({ points, n: 3_000, seed: 0 }).data;
    const squares = jittered.reduce((sum, v, i) => sum + (v - exact.data[i]) ** 2, 0);
    expect(Math.sqrt(squares / jittered.length)).toBeCloseTo(0.2, 2);
  });

  test("refuses an empty list and points that are not finite", () => {
    expect(() => drawnPoints({ points: [], n: 1, seed: 0 })).toThrow(
      "at least one point, got none",
    );
    expect(() => drawnPoints({ points: [[0, Number.NaN]], n: 1, seed: 0 })).toThrow(
      "points must be finite, got [0, NaN] at 0",
    );
  });
});
