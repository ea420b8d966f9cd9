import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NoiseLevel, posteriorCoefficients } from "../src/index.ts";

const vp = (angle: number): NoiseLevel => ({ signal: Math.cos(angle), noise: Math.sin(angle) });
const eta = fc.double({ min: 0, max: 1, noNaN: true });
const angle = fc.double({ min: 1e-3, max: 1.57, noNaN: true });
const signal = fc.double({ min: 1e-3, max: 1, noNaN: true });
const noise = fc.double({ min: 1e-3, max: 100, noNaN: true });
// Pairs of levels of any family; the second level is not noisier than the first.
const pairs = fc
  .tuple(signal, noise, signal, noise)
  .map(([s1, n1, s2, n2]) => [
    { signal: s1, noise: n1 },
    { signal: s2, noise: n2 },
  ])
  .map(([a, b]) => (a.noise / a.signal >= b.noise / b.signal ? [a, b] : [b, a]));

describe("posteriorCoefficients", () => {
  test("keeps the signal and the variance of the level it goes to", () => {
    fc.assert(
      fc.property(pairs, eta, ([from, to], e) => {
        const c = posteriorCoefficients(from, to, e);
        const scale = Math.max(to.signal, from.signal * c.x);
        expect(Math.abs(c.x0 + from.signal * c.x - to.signal)).toBeLessThan(4e-16 * scale + 1e-300);
        const variance = (from.noise * c.x) ** 2 + c.noise ** 2;
        expect(Math.abs(variance / to.noise ** 2 - 1)).toBeLessThan(1e-14);
      }),
    );
  });

  test("eta 1 is the posterior of Ho et al., equation 7", () => {
    let product = 1;
    for (let t = 0; t < 1000; t++) {
      const beta = 1e-4 + ((0.02 - 1e-4) * t) / 999;
      const previous = product;
      product *= 1 - beta;
      const from = { signal: Math.sqrt(product), noise: Math.sqrt(1 - product) };
      const to = { signal: Math.sqrt(previous), noise: Math.sqrt(1 - previous) };
      const c = posteriorCoefficients(from, to, 1);
      const x0 = (Math.sqrt(previous) * beta) / (1 - product);
      const x = (Math.sqrt(1 - beta) * (1 - previous)) / (1 - product);
      expect(Math.abs(c.x0 - x0)).toBeLessThan(2e-12);
      expect(Math.abs(c.x - x)).toBeLessThan(2e-12);
      const variance = (beta * (1 - previous)) / (1 - product);
      expect(Math.abs(c.noise ** 2 - variance)).toBeLessThan(1e-15);
    }
  });

  test("any eta is equation 12 of Song et al.", () => {
    fc.assert(
      fc.property(angle, fc.double({ min: 0.01, max: 0.99, noNaN: true }), eta, (a, part, e) => {
        const from = vp(a);
        const to = vp(a * part);
        const at = from.signal ** 2;
        const ap = to.signal ** 2;
        const sigma = e * Math.sqrt((1 - ap) / (1 - at)) * Math.sqrt(1 - at / ap);
        const c = posteriorCoefficients(from, to, e);
        // x0 and epsilon of a sample with x0 = 1, epsilon = 0, then x0 = 0, epsilon = 1
        const direction = Math.sqrt(Math.max(1 - ap - sigma ** 2, 0));
        expect(c.x0 + c.x * from.signal).toBeCloseTo(to.signal, 12);
        expect(c.x * from.noise).toBeCloseTo(direction, 7);
        expect(c.noise).toBeCloseTo(sigma, 7);
      }),
    );
  });

  test("two steps of eta 0 in a row equal one longer step", () => {
    fc.assert(
      fc.property(pairs, signal, noise, ([from, to], s, n) => {
        const between = { signal: s, noise: n };
        const one = posteriorCoefficients(from, to, 0);
        const first = posteriorCoefficients(from, between, 0);
        const second = posteriorCoefficients(between, to, 0);
        const x0 = second.x0 + second.x * first.x0;
        const size = Math.abs(second.x0) + Math.abs(second.x * first.x0) + Math.abs(one.x0);
        expect(Math.abs(x0 - one.x0)).toBeLessThan(1e-14 * size + 1e-300);
        expect(second.x * first.x).toBeCloseTo(one.x, 10);
      }),
    );
  });

  test("a step of eta 0 and its reverse return to the start", () => {
    const from = vp(0.3);
    const to = { signal: 0, noise: 1 };
    const up = posteriorCoefficients(from, to, 0);
    const x0 = 0.7;
    const x = from.signal * x0 + from.noise * -1.3;
    const noisier = up.x0 * x0 + up.x * x;
    expect(noisier).toBeCloseTo(-1.3, 15);
    const down = posteriorCoefficients(to, from, 0);
    expect(down.x0 * x0 + down.x * noisier).toBeCloseTo(x, 15);
  });

  test("the step to a clean level returns x0 with no branch", () => {
    for (const e of [0, 0.5, 1]) {
      expect(posteriorCoefficients(vp(0.8), vp(0), e)).toEqual({ x0: 1, x: 0, noise: 0 });
      expect(posteriorCoefficients(vp(0), vp(0), e)).toEqual({ x0: 1, x: 0, noise: 0 });
    }
  });

  test("from zero signal, eta 1 draws fresh noise and eta 0 keeps the noise", () => {
    const pure = { signal: 0, noise: 1 };
    const to = vp(0.5);
    expect(posteriorCoefficients(pure, to, 1)).toEqual({ x0: to.signal, x: 0, noise: to.noise });
    expect(posteriorCoefficients(pure, to, 0)).toEqual({ x0: to.signal, x: to.noise, noise: 0 });
  });

  test("levels that differ by a rounding give no NaN", () => {
    const from = vp(0.5);
    const to = { signal: from.signal, noise: from.noise * (1 + 1e-15) };
    const c = posteriorCoefficients(from, to, 1);
    expect(c.noise).toBe(0);
    expect(c.x).toBeCloseTo(1, 12);
    expect(c.x0).toBeCloseTo(0, 12);
  });

  test("throws for a bad eta or level", () => {
    const c = (e: number) => () => posteriorCoefficients(vp(1), vp(0.5), e);
    expect(c(1.5)).toThrow("eta must be in [0, 1], got 1.5");
    expect(c(-0.1)).toThrow("eta must be in [0, 1], got -0.1");
    expect(c(Number.NaN)).toThrow("eta must be in [0, 1], got NaN");
    expect(() => posteriorCoefficients(vp(0.5), vp(1), 0.5)).toThrow("eta must be 0");
    expect(() => posteriorCoefficients(vp(0), vp(1), 0)).toThrow("from.noise must be positive");
    expect(() => posteriorCoefficients(vp(1), { signal: 1, noise: Number.NaN }, 0)).toThrow(
      "finite",
    );
  });
});
