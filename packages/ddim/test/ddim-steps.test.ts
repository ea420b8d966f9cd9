import { type FloatArray, posteriorCoefficients } from "@gen/math";
import { linearSchedule } from "@gen/schedules";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ddimSteps, inversionSteps, invert, sample, tutorialCoefficients } from "../src/index.ts";

const schedule = linearSchedule();

describe("ddimSteps", () => {
  it("goes from each entry of the list to the next, and at last to the clean level", () => {
    // 7 does not divide 1000: diffusers' rule t - floor(1000 / 7) gives other steps.
    const options = { steps: 7, spacing: "trailing" } as const;
    const steps = ddimSteps(schedule, options);
    expect(steps.map(({ t }) => t)).toEqual([999, 856, 713, 570, 428, 285, 142]);
    const next = (from: number, to: number) => {
      const { x0, x, noise } = posteriorCoefficients(schedule.level(from), schedule.level(to), 0);
      return { x0, x, noise, prediction: 0 };
    };
    expect(steps[0].next).toEqual(next(999, 856));
    expect(steps[6].next).toEqual({ x0: 1, x: 0, noise: 0, prediction: 0 });
    const theirs = ddimSteps(schedule, { ...options, compat: "diffusers" });
    expect(theirs[0].next).toEqual(next(999, 857));
    expect(theirs[4].next).toEqual(next(428, 286));
  });

  it("is DDPM's posterior at eta 1, over every step", () => {
    for (const { t, next } of ddimSteps(schedule, { eta: 1 })) {
      expect(next.noise).toBeCloseTo(Math.sqrt(schedule.posteriorVariance[t]), 11);
      expect(next.x).toBeCloseTo(schedule.posteriorMeanX[t], 11);
    }
  });

  it("throws for eta, steps or a level that is not allowed", () => {
    expect(() => ddimSteps(schedule, { steps: 20, eta: 1.5 })).toThrow(
      "eta must be in [0, 1], got 1.5",
    );
    expect(() => ddimSteps(schedule, { steps: 0 })).toThrow("steps must be an integer in 1..1000");
    const silent = linearSchedule({ rescaleBetasZeroSnr: true });
    const options = { steps: 20, spacing: "trailing" } as const;
    expect(() => ddimSteps(silent, options)).toThrow(/predict v or x0/);
    expect(ddimSteps(silent, { ...options, predicts: "v" })[0].denoised.prediction).toBe(-1);
  });
});

describe("tutorialCoefficients", () => {
  it("keeps the marginals, with kappa^2 in the second condition", () => {
    const t = fc.integer({ min: 1, max: 999 });
    const eta = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(t, t, eta, (a, b, eta) => {
        const [from, to] = [schedule.level(Math.max(a, b)), schedule.level(Math.min(a, b) - 1)];
        const { kappa, lambda, sigma } = tutorialCoefficients(from, to, eta);
        expect(kappa * from.signal + lambda).toBeCloseTo(to.signal, 13);
        expect(Math.hypot(kappa * from.noise, sigma)).toBeCloseTo(to.noise, 13);
        expect(kappa).toBeCloseTo(Math.sqrt(to.noise ** 2 - sigma ** 2) / from.noise, 10);
      }),
    );
  });
});

// Exact for data from N(2, 0.25).
const [center, variance] = [2, 0.25];
const oracle = (x: FloatArray, t: number) => {
  const { signal, noise } = schedule.level(t);
  return x.map((v) => (noise * (v - signal * center)) / (signal ** 2 * variance + noise ** 2));
};

describe("invert", () => {
  const x = [2, 2.5, 1.2, 3.1];
  const roundTrip = async (steps: number) => {
    const run = { denoiser: oracle, shape: [4, 1] };
    const inverted = await invert({ ...run, schedule, steps, x });
    const back = await sample({ ...run, steps: ddimSteps(schedule, { steps }), x: inverted.x });
    const error = Math.max(...x.map((v, i) => Math.abs(back.x[i] - v)));
    return { error, noise: inverted.x };
  };

  it("returns to the start, closer with smaller steps", async () => {
    const coarse = await roundTrip(50);
    const fine = await roundTrip(500);
    expect(coarse.error).toBeLessThan(0.2);
    // First order: ten times the steps, a tenth of the error.
    expect(fine.error).toBeLessThan(coarse.error / 7);
    expect(fine.error).toBeGreaterThan(coarse.error / 14);
  });

  it("turns data into the noise that the flow of the exact score gives", async () => {
    const { noise } = await roundTrip(1000);
    const { signal, noise: last } = schedule.level(999);
    const spread = Math.sqrt(signal ** 2 * variance + last ** 2);
    for (const [i, v] of x.entries()) {
      const exact = signal * center + (spread * (v - center)) / Math.sqrt(variance);
      expect(noise[i]).toBeCloseTo(exact, 1);
    }
  });

  it("follows the denoiser's prediction type, and throws for an x of another size", async () => {
    const steps = inversionSteps(schedule, { steps: 5, predicts: "v" });
    expect(steps.map(({ t, predicts }) => [t, predicts])).toEqual(
      [0, 200, 400, 600, 800].map((t) => [t, "v"]),
    );
    expect(steps.every(({ next }) => next.noise === 0)).toBe(true);
    await expect(
      invert({ denoiser: oracle, schedule, steps: 5, shape: [2, 1], x }),
    ).rejects.toThrow("x must hold 2 numbers");
  });
});
