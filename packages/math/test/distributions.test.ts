import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arrayArithmetic,
  bernoulli,
  bernoulliLogProb,
  categorical,
  diagonalNormal,
  klNormal,
  klStandardNormal,
  normal,
  normalLogProb,
  numberArithmetic,
  reparameterize,
} from "../src/index.ts";
import { reference, relativeError } from "./reference.ts";

const near = (actual: number, expected: number, tolerance = 1e-12) =>
  expect(relativeError(actual, expected), `${actual} beside ${expected}`).toBeLessThanOrEqual(
    tolerance,
  );
// A log probability near 0 is a difference of larger numbers; the tolerance is 1e-12 of those.
const nearSum = (actual: number, expected: number) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));

const mean = fc.double({ min: -10, max: 10, noNaN: true });
const sigma = fc.double({ min: 0.01, max: 100, noNaN: true });
const logits = fc.double({ min: -30, max: 30, noNaN: true });

describe("normal", () => {
  test("60-digit reference values", () => {
    for (const c of reference("normal.json").cases) {
      const p = { mean: c.p[0], sigma: c.p[1] };
      const q = { mean: c.q[0], sigma: c.q[1] };
      near(normal.kl(p, q), c.kl_mp);
      near(normal.entropy(p), c.entropy_mp);
      near(normal.crossEntropy(p, q), c.cross_entropy_mp);
      c.x.forEach((x: number, i: number) => {
        nearSum(normal.logProb(p, x), c.log_prob_mp[i]);
      });
    }
  });

  test("divergences from 1e-160 to 1e160 and of nearly equal Gaussians", () => {
    for (const c of reference("kl_normal_seed.json").cases) {
      const kl = normal.kl({ mean: c.mu1, sigma: c.sigma1 }, { mean: c.mu2, sigma: c.sigma2 });
      near(kl, c.kl_nats);
      near(kl / Math.LN2, c.kl_bits);
    }
  });

  test("KL is 0 for equal Gaussians and positive otherwise", () => {
    fc.assert(
      fc.property(mean, sigma, mean, sigma, (m1, s1, m2, s2) => {
        const p = { mean: m1, sigma: s1 };
        expect(normal.kl(p, p)).toBe(0);
        const kl = normal.kl(p, { mean: m2, sigma: s2 });
        // The squares of smaller differences underflow float64.
        const apart = Math.max(Math.abs(m1 - m2), Math.abs(s1 - s2)) > 1e-150;
        if (apart) expect(kl).toBeGreaterThan(0);
        else expect(kl).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("a sample is mean + sigma * epsilon; a bad sigma throws", () => {
    expect(normal.sample({ mean: 3, sigma: 2 }, -1.5)).toBe(0);
    for (const bad of [0, -1, Infinity, Number.NaN]) {
      expect(() => normal.entropy({ mean: 0, sigma: bad })).toThrow(
        `sigma must be positive and finite, got ${bad}`,
      );
    }
  });
});

describe("diagonalNormal", () => {
  test("is the sum of its coordinates", () => {
    const p = { mean: [1, -2, 0.5], sigma: [0.1, 3, 2] };
    const q = { mean: [0, -1, 0.25], sigma: [0.2, 1, 5] };
    const total = (f: (a: { mean: number; sigma: number }, i: number) => number) =>
      [0, 1, 2].reduce((sum, i) => sum + f({ mean: p.mean[i], sigma: p.sigma[i] }, i), 0);
    const other = (i: number) => ({ mean: q.mean[i], sigma: q.sigma[i] });
    near(
      diagonalNormal.kl(p, q),
      total((a, i) => normal.kl(a, other(i))),
    );
    near(
      diagonalNormal.crossEntropy(p, q),
      total((a, i) => normal.crossEntropy(a, other(i))),
    );
    near(
      diagonalNormal.entropy(p),
      total((a) => normal.entropy(a)),
    );
    const x = [0.9, 1, 2];
    near(
      diagonalNormal.logProb(p, x),
      total((a, i) => normal.logProb(a, x[i])),
    );
    expect([...diagonalNormal.sample(p, [1, 0, -1])]).toEqual([1.1, -2, -1.5]);
  });

  test("lengths must agree", () => {
    const p = { mean: [0, 0], sigma: [1, 1] };
    expect(() => diagonalNormal.logProb(p, [1])).toThrow("equally long, got 2, 2 and 1");
    expect(() => diagonalNormal.kl(p, { mean: [0], sigma: [1] })).toThrow("equally long");
  });
});

describe("bernoulli and categorical", () => {
  test("60-digit reference values, logits to 1e4", () => {
    for (const c of reference("bernoulli.json").cases) {
      const { logits_p: p, logits_q: q } = c;
      near(bernoulli.kl(p, q), c.kl_mp);
      near(bernoulli.entropy(p), c.entropy_mp);
      near(bernoulli.crossEntropy(p, q), c.cross_entropy_mp);
      near(bernoulli.logProb(p, 0), c.log_prob_mp[0]);
      near(bernoulli.logProb(p, 1), c.log_prob_mp[1]);
      // The same distribution as a categorical of two classes.
      near(categorical.kl([0, p], [0, q]), c.kl_mp);
      near(categorical.entropy([0, p]), c.entropy_mp);
      near(categorical.crossEntropy([0, p], [0, q]), c.cross_entropy_mp);
      near(categorical.logProb([0, p], 0), c.log_prob_mp[0]);
      near(categorical.logProb([0, p], 1), c.log_prob_mp[1]);
    }
  });

  test("nearly equal distributions keep their digits: KL -> p (1 - p) d^2 / 2", () => {
    const d = 1e-9;
    for (const l of [-20, -3, 0, 0.5, 15]) {
      const q = l + d;
      const step = q - l;
      const p = 1 / (1 + Math.exp(-l));
      const rest = 1 / (1 + Math.exp(l));
      near(bernoulli.kl(l, q), (p * rest * step * step) / 2, 1e-8);
      near(categorical.kl([0, l], [0, q]), (p * rest * step * step) / 2, 1e-8);
    }
  });

  test("KL is never negative and does not change with a shift of all logits", () => {
    const list = fc.array(fc.tuple(logits, logits), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(list, logits, (pairs, shift) => {
        const p = pairs.map(([a]) => a);
        const q = pairs.map(([, b]) => b);
        const kl = categorical.kl(p, q);
        expect(kl).toBeGreaterThanOrEqual(0);
        expect(categorical.kl(p, p)).toBe(0);
        const moved = categorical.kl(
          p.map((value) => value + shift),
          q,
        );
        expect(Math.abs(moved - kl)).toBeLessThan(1e-12 * (1 + kl));
        expect(categorical.crossEntropy(p, q) - categorical.entropy(p)).toBeCloseTo(kl, 9);
      }),
    );
  });

  test("samples invert the cumulative sum", () => {
    expect(bernoulli.sample(0, 0.4999)).toBe(1);
    expect(bernoulli.sample(0, 0.5)).toBe(0);
    const half = [Math.log(0.5), Math.log(0.25), Math.log(0.25)];
    expect([0.1, 0.49, 0.51, 0.74, 0.76, 0.999].map((u) => categorical.sample(half, u))).toEqual([
      0, 0, 1, 1, 2, 2,
    ]);
    expect(categorical.sample([0, -Infinity], 1 - 2 ** -33)).toBe(0);
  });

  test("infinite logits are certain outcomes", () => {
    expect(bernoulli.logProb(Infinity, 1)).toBe(0);
    expect(bernoulli.logProb(-Infinity, 0)).toBe(0);
    expect(bernoulli.logProb(Infinity, 0)).toBe(-Infinity);
    expect(bernoulli.logProb(Infinity, 0.5)).toBe(-Infinity);
    for (const sure of [Infinity, -Infinity]) {
      expect(bernoulli.entropy(sure)).toBe(0);
      expect(bernoulli.kl(sure, sure)).toBe(0);
      expect(bernoulli.kl(sure, 0)).toBe(Math.LN2);
      expect(bernoulli.crossEntropy(sure, 0)).toBe(Math.LN2);
      for (const p of [-sure, 0, 3, -800, 800]) expect(bernoulli.kl(p, sure)).toBe(Infinity);
      expect(bernoulli.sample(sure, 0.5)).toBe(sure > 0 ? 1 : 0);
    }
  });

  test("logits that are NaN are refused", () => {
    const { NaN: nan } = Number;
    expect(() => bernoulli.sample(nan, 0.5)).toThrow("logits must be a number, got NaN");
    for (const logits of [
      [nan, 0],
      [0, nan],
    ]) {
      const place = logits.indexOf(0) === 0 ? 1 : 0;
      for (const f of [
        () => categorical.sample(logits, 0.5),
        () => categorical.logProb(logits, 0),
        () => categorical.kl(logits, [0, 0]),
      ]) {
        expect(f).toThrow(`logits must be numbers, got NaN for class ${place}`);
      }
    }
    expect(bernoulli.kl(nan, Infinity)).toBeNaN();
  });

  test("impossible classes add nothing", () => {
    expect(categorical.entropy([0, -Infinity])).toBe(0);
    expect(categorical.kl([0, -Infinity], [0, 0])).toBeCloseTo(Math.LN2, 15);
    expect(categorical.kl([0, 0], [0, -Infinity])).toBe(Infinity);
    expect(categorical.kl([0, -800], [0, -Infinity])).toBe(Infinity);
    expect(categorical.crossEntropy([0, -800], [0, -Infinity])).toBe(Infinity);
    expect(() => categorical.entropy([-Infinity])).toThrow("largest finite");
    expect(() => categorical.logProb([0, 0], 2)).toThrow("k must be an integer in 0..1, got 2");
  });
});

describe("formulas over Arithmetic", () => {
  const a = numberArithmetic;

  test("agree with the distributions on numbers", () => {
    fc.assert(
      fc.property(mean, sigma, mean, sigma, (m1, s1, m2, s2) => {
        const lv1 = 2 * Math.log(s1);
        const lv2 = 2 * Math.log(s2);
        const p = { mean: m1, sigma: s1 };
        const q = { mean: m2, sigma: s2 };
        const kl = normal.kl(p, q);
        expect(Math.abs(klNormal(a, m1, lv1, m2, lv2) - kl)).toBeLessThan(1e-12 * (1 + kl));
        const standard = normal.kl(p, { mean: 0, sigma: 1 });
        const plain = klStandardNormal(a, m1, lv1);
        expect(Math.abs(plain - standard)).toBeLessThan(1e-12 * (1 + standard));
        const log = normal.logProb(p, m2);
        expect(Math.abs(normalLogProb(a, m2, m1, lv1) - log)).toBeLessThan(
          1e-12 * (1 + Math.abs(log)),
        );
        const z = normal.sample(p, m2);
        expect(Math.abs(reparameterize(a, m1, lv1, m2) - z)).toBeLessThan(1e-12 * (1 + s1 * 20));
      }),
    );
    expect(bernoulliLogProb(a, 3, 1)).toBeCloseTo(bernoulli.logProb(3, 1), 14);
    expect(bernoulliLogProb(a, -40, 0.25)).toBeCloseTo(bernoulli.logProb(-40, 0.25), 14);
  });

  test("tiny variances and divergences near 0 keep their digits", () => {
    expect(klNormal(a, 0, -710, 0, -710)).toBe(0);
    expect(klNormal(a, 3, -1400, 3, -1400)).toBe(0);
    expect(normalLogProb(a, 0, 0, -710)).toBeCloseTo(355 - Math.log(2 * Math.PI) / 2, 12);
    // A gap of one deviation, exp(-355).
    near(klNormal(a, Math.exp(-355), -710, 0, -710), 0.5);
    near(klStandardNormal(a, 1e-8, 1e-8), 7.5e-17, 1e-8);
    near(klStandardNormal(a, 0, -1e-5), 0.25e-10, 1e-5);
    near(klNormal(a, 1, 1e-7, 1, 0), 0.25e-14, 1e-7);
    const one = Float64Array.of(1e-8);
    expect(klStandardNormal(arrayArithmetic, one, one)[0]).toBe(klStandardNormal(a, 1e-8, 1e-8));
    // Without the precise operation, the others are used.
    const { expm1Minus: _, ...plain } = a;
    near(klStandardNormal(plain, 0.3, 0.7), klStandardNormal(a, 0.3, 0.7), 1e-14);
  });

  test("guided-diffusion's normal_kl", () => {
    for (const [m1, lv1, m2, lv2, kl] of reference("elementary.json").normal_kl_m1_lv1_m2_lv2_kl) {
      near(klNormal(a, m1, lv1, m2, lv2), kl);
    }
  });

  test("arrays give each number's result; a length of 1 broadcasts", () => {
    const x = Float64Array.of(-1.5, 0.25, 40);
    const l = Float64Array.of(0.5, -3, 2);
    const kl = klStandardNormal(arrayArithmetic, x, l);
    expect([...kl]).toEqual([0, 1, 2].map((i) => klStandardNormal(a, x[i], l[i])));
    const names = ["neg", "exp", "sqrt", "log", "abs", "tanh", "sigmoid", "softplus"] as const;
    for (const name of names) {
      expect([...arrayArithmetic[name](x)]).toEqual([...x].map((value) => a[name](value)));
    }
    for (const name of ["add", "sub", "mul", "div", "maximum", "minimum"] as const) {
      const two = arrayArithmetic.constant(2);
      expect([...arrayArithmetic[name](two, x)]).toEqual([...x].map((v) => a[name](2, v)));
      expect([...arrayArithmetic[name](x, two)]).toEqual([...x].map((v) => a[name](v, 2)));
    }
    expect(() => arrayArithmetic.add(x, Float64Array.of(1, 2))).toThrow(
      "add needs equal lengths or a length of 1, got 3 and 2",
    );
  });

  test("sigmoid and softplus stay finite", () => {
    expect(a.softplus(1e4)).toBe(1e4);
    expect(a.softplus(-1e4)).toBe(0);
    expect(a.sigmoid(-1e4)).toBe(0);
    expect(a.sigmoid(1e4)).toBe(1);
    near(a.sigmoid(-700), Math.exp(-700));
  });
});
