import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  numberArithmetic as a,
  bernoulliLogProb,
  continuousBernoulliLogProb,
  discretizedLogisticLogProb,
} from "../src/index.ts";

/** Simpson's rule on [0, 1]. */
function integral(f: (x: number) => number, parts = 2000): number {
  let total = 0;
  for (let i = 0; i <= parts; i++) {
    const weight = i === 0 || i === parts ? 1 : i % 2 === 1 ? 4 : 2;
    total += weight * f(i / parts);
  }
  return total / (3 * parts);
}

describe("continuousBernoulliLogProb", () => {
  it.each([0, 1e-9, -0.3, 0.499, 0.501, -2, 7, -30])("integrates to 1 with logits %d", (logits) => {
    expect(integral((x) => Math.exp(continuousBernoulliLogProb(a, logits, x)))).toBeCloseTo(1, 9);
  });

  it("is the Bernoulli's term plus the paper's constant", () => {
    // Loaiza-Ganem and Cunningham 2019, eq. 8: C = 2 atanh(1 - 2 lambda) / (1 - 2 lambda).
    for (const logits of [-3, -0.4, 0.7, 5]) {
      const lambda = a.sigmoid(logits);
      const logC = Math.log((2 * Math.atanh(1 - 2 * lambda)) / (1 - 2 * lambda));
      for (const x of [0, 0.2, 1]) {
        const expected = bernoulliLogProb(a, logits, x) + logC;
        expect(continuousBernoulliLogProb(a, logits, x)).toBeCloseTo(expected, 12);
      }
    }
    expect(continuousBernoulliLogProb(a, 0, 0.3)).toBeCloseTo(0, 15);
  });
});

describe("discretizedLogisticLogProb", () => {
  it("sums to 1 over the levels", () => {
    const real = fc.double({ min: -2, max: 3, noNaN: true });
    const scale = fc.double({ min: -9, max: 4, noNaN: true });
    fc.assert(
      fc.property(real, scale, fc.constantFrom(2, 3, 17, 256), (mean, logScale, levels) => {
        let total = 0;
        for (let k = 0; k < levels; k++) {
          const x = k / (levels - 1);
          total += Math.exp(discretizedLogisticLogProb(a, x, mean, logScale, levels));
        }
        expect(total).toBeCloseTo(1, 10);
      }),
    );
  });

  it("is the difference of two sigmoids, and keeps its digits far from the mean", () => {
    const [mean, logScale, levels] = [0.4, -2, 5];
    const cdf = (x: number) => a.sigmoid((x - mean) / Math.exp(logScale));
    const at = (x: number) => discretizedLogisticLogProb(a, x, mean, logScale, levels);
    expect(at(0)).toBeCloseTo(Math.log(cdf(0.125)), 13);
    expect(at(0.25)).toBeCloseTo(Math.log(cdf(0.375) - cdf(0.125)), 13);
    expect(at(1)).toBeCloseTo(Math.log(1 - cdf(0.875)), 12);
    // The nearest end of the interval lies 250 scales away: 1/4 - 1/8 scaled by 2000.
    const far = discretizedLogisticLogProb(a, 0.25, 0, -Math.log(2000), levels);
    expect(far).toBeCloseTo(-250, 9);
  });
});
