import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arrayArithmetic,
  gaussianDiffusionBound,
  gaussianProduct,
  gaussianQuotient,
  linearGaussianPosterior,
  mixtureOracle,
  type NoiseLevel,
  normal,
  numberArithmetic,
  posteriorCoefficients,
} from "../src/index.ts";

const a = numberArithmetic;
const coordinate = fc.double({ min: -3, max: 3, noNaN: true });
const sigma = fc.double({ min: 0.1, max: 2, noNaN: true });
const angle = fc.double({ min: 0.1, max: 1.5, noNaN: true });
const mixture = {
  weights: [1, 3, 2],
  means: [
    [-1, 0.5],
    [2, 1],
    [0, -1.5],
  ],
  sigmas: [
    [0.3, 0.5],
    [1, 0.2],
    [0.7, 0.7],
  ],
};
const vp = (at: number): NoiseLevel => ({ signal: Math.cos(at), noise: Math.sin(at) });

describe("linear Gaussian Bayes", () => {
  const gaussian = fc.record({ mean: coordinate, sigma });

  test("the product of densities, up to a constant", () => {
    fc.assert(
      fc.property(gaussian, gaussian, coordinate, coordinate, (p, q, x, y) => {
        const r = gaussianProduct(p, q);
        const constant = (at: number) =>
          normal.logProb(p, at) + normal.logProb(q, at) - normal.logProb(r, at);
        expect(Math.abs(constant(x) - constant(y))).toBeLessThan(1e-9);
        const back = gaussianQuotient(r, q);
        expect(back.mean).toBeCloseTo(p.mean, 8);
        expect(back.sigma).toBeCloseTo(p.sigma, 8);
      }),
    );
  });

  test("a quotient by something narrower is refused", () => {
    expect(() => gaussianQuotient({ mean: 0, sigma: 1 }, { mean: 0, sigma: 1 })).toThrow(
      "b.sigma must be above a.sigma, 1, got 1",
    );
  });

  test("Bayes' rule: prior times likelihood over evidence", () => {
    fc.assert(
      fc.property(gaussian, coordinate, sigma, coordinate, coordinate, (prior, slope, s, y, x) => {
        const posterior = linearGaussianPosterior(prior, { slope, sigma: s }, y);
        const evidence = { mean: slope * prior.mean, sigma: Math.hypot(slope * prior.sigma, s) };
        const joint = normal.logProb(prior, x) + normal.logProb({ mean: slope * x, sigma: s }, y);
        const expected = joint - normal.logProb(evidence, y);
        const actual = normal.logProb(posterior, x);
        expect(Math.abs(actual - expected)).toBeLessThan(1e-9 * (1 + Math.abs(joint)));
      }),
    );
  });

  test("of one diffusion step is posteriorCoefficients with eta 1", () => {
    const [to, from] = [vp(0.6), vp(0.9)];
    const slope = from.signal / to.signal;
    const step = { slope, sigma: Math.sqrt(1 - slope * slope) };
    const c = posteriorCoefficients(from, to, 1);
    const prior = { mean: to.signal * 0.7, sigma: to.noise };
    const posterior = linearGaussianPosterior(prior, step, -1.2);
    expect(posterior.mean).toBeCloseTo(c.x0 * 0.7 + c.x * -1.2, 14);
    expect(posterior.sigma).toBeCloseTo(c.noise, 14);
  });
});

describe("Gaussians of no width", () => {
  const point = { mean: 2, sigma: 0 };
  const wide = { mean: -1, sigma: 3 };

  test("a point times a Gaussian is the point; two different points are refused", () => {
    expect(gaussianProduct(point, wide)).toEqual(point);
    expect(gaussianProduct(wide, point)).toEqual(point);
    expect(gaussianProduct(point, point)).toEqual(point);
    expect(() => gaussianProduct(point, { mean: 3, sigma: 0 })).toThrow(
      "b.mean must be a.mean, 2, when both sigmas are 0, got 3",
    );
    expect(gaussianQuotient(point, wide)).toEqual(point);
    expect(() => gaussianQuotient(point, point)).toThrow("b.sigma must be above a.sigma, 0, got 0");
  });

  test("observations without noise give the value that was seen, or are refused", () => {
    const exact = { slope: 2, sigma: 0 };
    expect(linearGaussianPosterior(wide, exact, 4)).toEqual(point);
    expect(linearGaussianPosterior(point, { slope: 2, sigma: 1 }, 7)).toEqual(point);
    expect(linearGaussianPosterior(point, exact, 4)).toEqual(point);
    expect(() => linearGaussianPosterior(point, exact, 5)).toThrow(
      "observed must be slope * prior.mean, 4, when it has no deviation, got 5",
    );
    expect(linearGaussianPosterior(wide, { slope: 0, sigma: 0 }, 0)).toEqual(wide);
  });

  test("sigmas that are no deviations are refused", () => {
    for (const sigma of [-1, Number.NaN, Infinity]) {
      const bad = { mean: 0, sigma };
      const rule = `must be finite and not negative, got ${sigma}`;
      expect(() => gaussianProduct(bad, wide)).toThrow(`a.sigma ${rule}`);
      expect(() => gaussianQuotient(wide, bad)).toThrow(`b.sigma ${rule}`);
      expect(() => linearGaussianPosterior(bad, { slope: 1, sigma: 1 }, 0)).toThrow(
        `prior.sigma ${rule}`,
      );
      expect(() => linearGaussianPosterior(wide, { slope: 1, sigma }, 0)).toThrow(`sigma ${rule}`);
    }
  });

  test("a quotient of nearly equal widths is finite", () => {
    const { sigma } = gaussianQuotient({ mean: 0, sigma: 1 }, { mean: 0, sigma: 1 + 2 ** -52 });
    expect(sigma).toBeCloseTo(Math.sqrt(2 ** 51), -1);
  });

  test("a mixture of points has no density at a level without noise", () => {
    const points = { weights: [1], means: [[0]], sigmas: [[0]] };
    expect(() => mixtureOracle(a, points, { signal: 1, noise: 0 }, [0])).toThrow(
      "sigmas must be positive, or 0 at a level with noise, got 0",
    );
    expect(() => mixtureOracle(a, { ...points, sigmas: [[-1]] }, vp(1), [0])).toThrow("got -1");
    expect(mixtureOracle(a, points, { signal: 0, noise: 1 }, [0]).x0[0]).toBe(0);
  });
});

test("a bound's variance is one of two", () => {
  const variance = "optimum" as "optimal";
  expect(() => gaussianDiffusionBound({ mean: 0, sigma: 1 }, [vp(1)], variance)).toThrow(
    "variance must be posterior or optimal, got optimum",
  );
});

describe("mixtureOracle", () => {
  test("of one component is the Gaussian", () => {
    const data = { weights: [5], means: [[1.5]], sigmas: [[0.4]] };
    const level = vp(0.8);
    const x = 0.3;
    const oracle = mixtureOracle(a, data, level, [x]);
    const marginal = {
      mean: level.signal * 1.5,
      sigma: Math.hypot(level.signal * 0.4, level.noise),
    };
    expect(oracle.logDensity).toBeCloseTo(normal.logProb(marginal, x), 13);
    const posterior = linearGaussianPosterior(
      { mean: 1.5, sigma: 0.4 },
      { slope: level.signal, sigma: level.noise },
      x,
    );
    expect(oracle.x0[0]).toBeCloseTo(posterior.mean, 13);
    expect(oracle.posterior[0].mean[0]).toBeCloseTo(posterior.mean, 13);
    expect(oracle.posterior[0].variance[0]).toBeCloseTo(posterior.sigma ** 2, 13);
    expect(oracle.classLogProbs[0]).toBeCloseTo(0, 14);
  });

  test("scores are the gradients of its log densities, by central differences", () => {
    fc.assert(
      fc.property(coordinate, coordinate, angle, (x, y, at) => {
        const level = vp(at);
        const oracle = mixtureOracle(a, mixture, level, [x, y]);
        const h = 1e-5;
        [0, 1].forEach((d) => {
          const move = (sign: number) =>
            mixtureOracle(a, mixture, level, d ? [x, y + sign * h] : [x + sign * h, y]);
          const [up, down] = [move(1), move(-1)];
          const slope = (up.logDensity - down.logDensity) / (2 * h);
          expect(Math.abs(oracle.score[d] - slope)).toBeLessThan(1e-5 * (1 + Math.abs(slope)));
          mixture.weights.forEach((_, k) => {
            const classSlope = (up.classLogProbs[k] - down.classLogProbs[k]) / (2 * h);
            const gradient = oracle.classGradient(k)[d];
            expect(Math.abs(gradient - classSlope)).toBeLessThan(1e-4 * (1 + Math.abs(slope)));
          });
        });
      }),
    );
  });

  test("its estimates satisfy x = signal x0 + noise epsilon, class probabilities sum to 1", () => {
    fc.assert(
      fc.property(coordinate, coordinate, angle, (x, y, at) => {
        const level = vp(at);
        const oracle = mixtureOracle(a, mixture, level, [x, y]);
        [x, y].forEach((value, d) => {
          const whole = level.signal * oracle.x0[d] + level.noise * oracle.epsilon[d];
          expect(whole).toBeCloseTo(value, 11);
          const mean = oracle.classLogProbs.reduce(
            (sum, log, k) => sum + Math.exp(log) * oracle.posterior[k].mean[d],
            0,
          );
          expect(oracle.x0[d]).toBeCloseTo(mean, 11);
        });
        const total = oracle.classLogProbs.reduce((sum, log) => sum + Math.exp(log), 0);
        expect(total).toBeCloseTo(1, 12);
      }),
    );
  });

  test("its density integrates to 1", () => {
    const line = { weights: [1, 2], means: [[-1], [1]], sigmas: [[0.2], [0.5]] };
    let total = 0;
    for (let x = -8; x < 8; x += 0.01) {
      total += 0.01 * Math.exp(mixtureOracle(a, line, vp(0.5), [x]).logDensity);
    }
    expect(total).toBeCloseTo(1, 10);
  });

  test("on arrays it gives each sample's result", () => {
    const columns = [Float64Array.of(0.5, -2, 1), Float64Array.of(1, 0, -1)];
    const batch = mixtureOracle(arrayArithmetic, mixture, vp(0.7), columns);
    [0, 1, 2].forEach((i) => {
      const one = mixtureOracle(a, mixture, vp(0.7), [columns[0][i], columns[1][i]]);
      expect(batch.logDensity[i]).toBe(one.logDensity);
      expect(batch.epsilon[1][i]).toBe(one.epsilon[1]);
      expect(batch.classGradient(2)[0][i]).toBe(one.classGradient(2)[0]);
    });
  });

  test("far from every component it stays finite", () => {
    const oracle = mixtureOracle(a, mixture, { signal: 1, noise: 0 }, [1e4, -1e4]);
    expect(Number.isFinite(oracle.logDensity)).toBe(true);
    expect(oracle.score.every(Number.isFinite)).toBe(true);
  });

  test("lists of other lengths and weights of 0 throw", () => {
    const of = (change: object) => () => mixtureOracle(a, { ...mixture, ...change }, vp(1), [0, 0]);
    expect(of({ weights: [1, 2] })).toThrow("mixture must have means and sigmas [2][2]");
    expect(of({ sigmas: [[1], [1], [1]] })).toThrow("[3][2]");
    expect(of({ weights: [1, 0, 1] })).toThrow("weights must be positive, got 0");
  });
});

describe("gaussianDiffusionBound", () => {
  const data = { mean: 0.7, sigma: 0.4 };
  const levels = (n: number) => Array.from({ length: n }, (_, i) => vp(0.1 + (1.4 * i) / n));

  test("with the optimal variance is entropy plus the noisiest marginal's KL from the prior", () => {
    for (const n of [1, 2, 10, 300]) {
      const list = levels(n);
      const { signal, noise } = list[n - 1];
      const last = { mean: signal * data.mean, sigma: Math.hypot(signal * data.sigma, noise) };
      const expected = normal.entropy(data) + normal.kl(last, { mean: 0, sigma: 1 });
      const bound = gaussianDiffusionBound(data, list, "optimal");
      expect(bound.total).toBeCloseTo(expected, 11);
      expect(bound.steps.length).toBe(n - 1);
    }
  });

  test("with the posterior's variance is above the optimal bound, and closer with more steps", () => {
    const gap = (n: number) =>
      gaussianDiffusionBound(data, levels(n)).total -
      gaussianDiffusionBound(data, levels(n), "optimal").total;
    expect(gap(10)).toBeGreaterThan(gap(100));
    expect(gap(100)).toBeGreaterThan(gap(1000));
    expect(gap(1000)).toBeGreaterThan(0);
  });

  test("throws without levels and for a clean level", () => {
    expect(() => gaussianDiffusionBound(data, [])).toThrow("at least one");
    expect(() => gaussianDiffusionBound(data, [vp(0), vp(1)])).toThrow("levels must hold noise");
  });
});
