import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { laplace, multivariateNormal, normal } from "../src/index.ts";
import { reference, relativeError } from "./reference.ts";

const near = (actual: number, expected: number, what: string) =>
  expect(relativeError(actual, expected), `${what}: ${actual} beside ${expected}`).toBeLessThan(
    1e-12,
  );

const file = reference("mpmath_distributions.json");

describe("laplace", () => {
  test("60-digit reference values, scales from 1e-160 to 1e160", () => {
    expect(file.laplace.length).toBeGreaterThan(80);
    for (const c of file.laplace) {
      const p = { mean: c.p[0], scale: c.p[1] };
      const q = { mean: c.q[0], scale: c.q[1] };
      const what = JSON.stringify([p, q]);
      near(laplace.kl(p, q), c.kl, what);
      near(laplace.entropy(p), c.entropy, what);
      near(laplace.crossEntropy(p, q), c.cross_entropy, what);
      near(laplace.logProb(q, p.mean), c.log_prob, what);
    }
  });

  test("samples invert the distribution function", () => {
    const p = { mean: 2, scale: 3 };
    expect(laplace.sample(p, 0.5)).toBe(2);
    // F(x) = exp(-(mean - x) / scale) / 2 below the mean
    expect(laplace.sample(p, Math.exp(-1) / 2)).toBeCloseTo(-1, 12);
    expect(laplace.sample(p, 1 - Math.exp(-1) / 2)).toBeCloseTo(5, 12);
    expect(() => laplace.entropy({ mean: 0, scale: 0 })).toThrow("scale must be positive");
  });
});

describe("multivariateNormal", () => {
  test("60-digit reference values, condition numbers to 1e8, scales from 1e-100 to 1e100", () => {
    expect(file.multivariate_normal.length).toBe(38);
    for (const c of file.multivariate_normal) {
      near(multivariateNormal.kl(c.p, c.q), c.kl, "kl");
      near(multivariateNormal.entropy(c.p), c.entropy, "entropy");
      near(multivariateNormal.crossEntropy(c.p, c.q), c.cross_entropy, "cross entropy");
      near(multivariateNormal.logProb(c.p, c.x), c.log_prob, "log probability");
    }
  });

  test("of one coordinate is normal", () => {
    const number = fc.double({ min: -5, max: 5, noNaN: true });
    const sigma = fc.double({ min: 0.1, max: 5, noNaN: true });
    fc.assert(
      fc.property(number, sigma, number, sigma, (m1, s1, m2, s2) => {
        const p = { mean: [m1], covariance: [s1 * s1] };
        const q = { mean: [m2], covariance: [s2 * s2] };
        const plain = normal.kl({ mean: m1, sigma: s1 }, { mean: m2, sigma: s2 });
        expect(multivariateNormal.kl(p, q)).toBeCloseTo(plain, 9);
        const drawn = multivariateNormal.sample(p, [m2])[0];
        expect(drawn).toBeCloseTo(normal.sample({ mean: m1, sigma: s1 }, m2), 12);
      }),
    );
  });

  test("samples have the covariance: L L^T", () => {
    const covariance = [4, 2, -1, 2, 3, 0.5, -1, 0.5, 2];
    const p = { mean: [0, 0, 0], covariance };
    const columns = [0, 1, 2].map((j) =>
      multivariateNormal.sample(
        p,
        [0, 1, 2].map((i) => (i === j ? 1 : 0)),
      ),
    );
    covariance.forEach((expected, at) => {
      const [i, j] = [Math.floor(at / 3), at % 3];
      const sum = columns.reduce((total, column) => total + column[i] * column[j], 0);
      expect(sum).toBeCloseTo(expected, 13);
    });
  });

  test("what is no covariance is refused", () => {
    const entropy = (covariance: number[]) => () =>
      multivariateNormal.entropy({ mean: [0, 0], covariance });
    expect(entropy([1, 2, 2, 1])).toThrow(
      "covariance must be positive definite, got pivot -3 at 1",
    );
    expect(entropy([1, 0, 1, 1])).toThrow("covariance must be symmetric");
    expect(entropy([1, 0, 0])).toThrow("covariance must be [2, 2], got 3 numbers");
    expect(() => multivariateNormal.logProb({ mean: [0], covariance: [1] }, [1, 2])).toThrow(
      "mean must be [2], got 1 numbers",
    );
  });
});
