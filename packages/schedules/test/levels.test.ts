import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aysSigmas,
  betaSigmas,
  continuousCosineLevel,
  continuousLinearLevel,
  cosineSchedule,
  exponentialSigmas,
  flowLevel,
  karrasSigmas,
  linearSchedule,
  logSnrLevel,
  logSnrOf,
  polyexponentialSigmas,
  timestepOfSigma,
  varianceExplodingLevel,
  variancePreservingLevel,
} from "../src/index.ts";
import { worst } from "./reference.ts";

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const sigma = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

describe("Align Your Steps", () => {
  // As diffusers 0.39 has them (AysSchedules), whose last sigma is the clean level.
  const published = {
    "stable-diffusion": [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152],
    "stable-diffusion-xl": [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113],
    "stable-video-diffusion": [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034],
  } as const;

  test.each(Object.entries(published))("%s: ten steps as published", (name, sigmas) => {
    const model = name as keyof typeof published;
    expect(worst(aysSigmas({ model, steps: 10 }), sigmas)).toBeLessThan(1e-14);
    // Twice the steps keep every second level, and halve the logarithm in between.
    const twice = aysSigmas({ model, steps: 20 });
    expect(twice[2]).toBeCloseTo(sigmas[1], 12);
    expect(twice[1]).toBeCloseTo(Math.sqrt(sigmas[0] * sigmas[1]), 12);
  });

  test("what is not allowed", () => {
    const model = "sd" as "stable-diffusion";
    expect(() => aysSigmas({ model, steps: 10 })).toThrow("model must be one of stable-diffusion,");
    expect(() => aysSigmas({ model: "stable-diffusion", steps: 0 })).toThrow("steps must be");
  });
});

describe("sigmas", () => {
  const range = { steps: 5, sigmaMin: 0.002, sigmaMax: 80 };

  test("Karras et al., equation 5, term by term", () => {
    const expected = [0, 1, 2, 3, 4].map(
      (i) => (80 ** (1 / 7) + (i / 4) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7,
    );
    karrasSigmas(range).forEach((value, i) => {
      expect(value / expected[i]).toBeCloseTo(1, 14);
    });
    const one = karrasSigmas({ ...range, rho: 1 });
    expect(one[2]).toBeCloseTo((80 + 0.002) / 2, 12);
  });

  test("exponential levels have equal ratios; poly-exponential ones end alike", () => {
    const list = exponentialSigmas(range);
    for (let i = 2; i < 5; i++) {
      expect(list[i] / list[i - 1]).toBeCloseTo(list[1] / list[0], 12);
    }
    const bent = polyexponentialSigmas({ ...range, rho: 2 });
    expect(Math.log(bent[2])).toBeCloseTo(Math.log(0.002) + 0.25 * Math.log(80 / 0.002), 12);
  });

  test("beta levels are at the distribution's quantiles", () => {
    // scipy.stats.beta.ppf(p, 0.6, 0.6) at p = 1, 0.75, 0.5, 0.25, 0
    const places = [1.0, 0.824319621347305, 0.5000000000000001, 0.17568037865269498, 0.0];
    const found = betaSigmas({ steps: 5, sigmaMin: 1, sigmaMax: 11 });
    expect(
      worst(
        found,
        places.map((p) => 1 + 10 * p),
      ),
    ).toBeLessThan(1e-14);
    // Of alpha 1 and beta 2 the quantile is 1 - sqrt(1 - p).
    const other = betaSigmas({ steps: 4, sigmaMin: 1, sigmaMax: 2, alpha: 1, beta: 2 });
    expect(worst(other, [2, 2 - Math.sqrt(1 / 3), 2 - Math.sqrt(2 / 3), 1])).toBeLessThan(1e-14);
    expect(() => betaSigmas({ steps: 2, sigmaMin: 1, sigmaMax: 2, alpha: 0 })).toThrow(
      "alpha must be positive and finite, got 0",
    );
  });

  test("descend from sigmaMax to sigmaMin", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), sigma, sigma, (steps, a, b) => {
        fc.pre(Math.max(a, b) > 1.001 * Math.min(a, b));
        const options = { steps, sigmaMin: Math.min(a, b), sigmaMax: Math.max(a, b) };
        for (const make of [karrasSigmas, exponentialSigmas, polyexponentialSigmas]) {
          const list = make(options);
          expect(list.length).toBe(steps);
          expect(list[0] / options.sigmaMax).toBeCloseTo(1, 11);
          expect(list[steps - 1] / options.sigmaMin).toBeCloseTo(1, 11);
          expect(list.every((value, i) => i === 0 || value < list[i - 1])).toBe(true);
        }
      }),
    );
  });

  test("one step is sigmaMax; nonsense is refused", () => {
    expect([...karrasSigmas({ ...range, steps: 1 })]).toEqual([80]);
    expect(() => karrasSigmas({ ...range, steps: 0 })).toThrow("steps must be a positive integer");
    expect(() => exponentialSigmas({ ...range, sigmaMin: 0 })).toThrow("sigmaMin must be in");
    expect(() => karrasSigmas({ ...range, sigmaMin: 90 })).toThrow("(0, sigmaMax = 80], got 90");
    expect(() => karrasSigmas({ ...range, rho: 0 })).toThrow(
      "rho must be positive and finite, got 0",
    );
  });
});

describe("levels", () => {
  test("families of one ratio of noise to signal", () => {
    fc.assert(
      fc.property(sigma, (s) => {
        const vp = variancePreservingLevel(s);
        expect(vp.signal ** 2 + vp.noise ** 2).toBeCloseTo(1, 14);
        expect(vp.noise / vp.signal / s).toBeCloseTo(1, 13);
        expect(varianceExplodingLevel(s)).toEqual({ signal: 1, noise: s });
        const back = logSnrLevel(logSnrOf(varianceExplodingLevel(s)));
        expect(back.signal / vp.signal).toBeCloseTo(1, 13);
        expect(back.noise / vp.noise).toBeCloseTo(1, 13);
      }),
    );
    expect(logSnrLevel(Infinity)).toEqual({ signal: 1, noise: 0 });
    expect(logSnrLevel(-Infinity)).toEqual({ signal: 0, noise: 1 });
  });

  test("flow levels sum to 1; a shift multiplies the ratio of noise to signal", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (s, shift) => {
          const plain = flowLevel(s);
          const moved = flowLevel(s, shift);
          expect(plain).toEqual({ signal: 1 - s, noise: s });
          expect(moved.signal + moved.noise).toBeCloseTo(1, 15);
          const ratio = moved.noise / moved.signal / (plain.noise / plain.signal);
          expect(ratio / shift).toBeCloseTo(1, 11);
        },
      ),
    );
    expect([flowLevel(0, 3), flowLevel(1, 3)]).toEqual([
      { signal: 1, noise: 0 },
      { signal: 0, noise: 1 },
    ]);
  });

  test("continuous time is the limit of many steps", () => {
    const T = 20_000;
    const linear = linearSchedule({ steps: T, betaStart: 0.1 / T, betaEnd: 20 / T });
    const cosine = cosineSchedule({ steps: T });
    for (const s of [0.1, 0.35, 0.8]) {
      const t = s * T - 1;
      expect(continuousLinearLevel(s).signal).toBeCloseTo(linear.level(t).signal, 3);
      expect(continuousCosineLevel(s).signal).toBeCloseTo(cosine.level(t).signal, 9);
    }
  });

  test("continuous levels preserve variance from clean to noise", () => {
    fc.assert(
      fc.property(unit, (s) => {
        for (const level of [continuousLinearLevel(s), continuousCosineLevel(s)]) {
          expect(level.signal ** 2 + level.noise ** 2).toBeCloseTo(1, 13);
        }
      }),
    );
    expect(continuousLinearLevel(0)).toEqual({ signal: 1, noise: 0 });
    expect(continuousCosineLevel(0)).toEqual({ signal: 1, noise: 0 });
    expect(continuousCosineLevel(1).signal).toBe(0);
    expect(() => continuousLinearLevel(1.2)).toThrow("s must be in [0, 1], got 1.2");
    expect(() => flowLevel(-0.1)).toThrow("s must be in [0, 1], got -0.1");
    expect(() => varianceExplodingLevel(-1)).toThrow("sigma must be finite and not negative");
  });
});

describe("timestepOfSigma", () => {
  test("finds every timestep of its schedule and lies between for sigmas between", () => {
    const schedule = linearSchedule({ steps: 100 });
    schedule.sigmas.forEach((value, t) => {
      expect(timestepOfSigma(schedule, value)).toBeCloseTo(t, 9);
    });
    const middle = Math.sqrt(schedule.sigmas[40] * schedule.sigmas[41]);
    expect(timestepOfSigma(schedule, middle)).toBeCloseTo(40.5, 9);
    expect(timestepOfSigma(schedule, 1e-9)).toBe(0);
    expect(timestepOfSigma(schedule, 1e9)).toBe(99);
    expect(() => timestepOfSigma(schedule, 0)).toThrow("sigma must be positive, got 0");
    const zero = linearSchedule({ steps: 10, rescaleBetasZeroSnr: true });
    expect(timestepOfSigma(zero, 1e6)).toBe(8);
  });
});
