import { linearSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { ddpmSteps } from "../src/index.ts";

const schedule = linearSchedule();

describe("ddpmSteps", () => {
  it("is Ho et al.'s posterior when every step is taken", () => {
    const steps = ddpmSteps(schedule);
    expect(steps.map(({ t }) => t)).toEqual(Array.from({ length: 1000 }, (_, i) => 999 - i));
    for (const { t, next } of steps) {
      expect(next.x0).toBeCloseTo(schedule.posteriorMeanX0[t], 11);
      expect(next.x).toBeCloseTo(schedule.posteriorMeanX[t], 11);
      expect(next.noise).toBeCloseTo(Math.sqrt(schedule.posteriorVariance[t]), 11);
    }
    const large = ddpmSteps(schedule, { variance: "fixed_large" });
    for (const { t, next } of large.slice(0, -1)) {
      expect(next.noise).toBeCloseTo(Math.sqrt(schedule.betas[t]), 11);
    }
    expect(large[999].next.noise).toBe(0);
  });

  it("takes the variance of skipped steps from the two levels, not from betas[t]", () => {
    const steps = ddpmSteps(schedule, { steps: 10, variance: "fixed_large" });
    const { alphasCumprod } = schedule;
    for (const { t, next } of steps.slice(0, -1)) {
      const beta = 1 - alphasCumprod[t] / alphasCumprod[t - 100];
      expect(next.noise).toBeCloseTo(Math.sqrt(beta), 11);
      expect(next.noise).toBeGreaterThan(2 * Math.sqrt(schedule.betas[t]));
    }
  });

  it("adds no noise at the last step, wherever it starts, or noise as diffusers with its option", () => {
    for (const variance of ["fixed_small", "fixed_large"] as const) {
      const options = { steps: 10, spacing: "trailing", variance } as const;
      expect(ddpmSteps(schedule, options)[9]).toMatchObject({ t: 99, next: { noise: 0 } });
      const theirs = ddpmSteps(schedule, { ...options, compat: "diffusers" })[9].next.noise;
      expect(theirs).toBe(variance === "fixed_small" ? 1e-10 : schedule.level(99).noise);
    }
  });

  it("refuses options out of range", () => {
    expect(() => ddpmSteps(schedule, { steps: 1001 })).toThrow("1..1000");
    expect(() => ddpmSteps(schedule, { variance: "learnt" as never })).toThrow(
      "variance must be one of fixed_small, fixed_small_log, fixed_large, fixed_large_log, learned, learned_log, learned_range, got learnt",
    );
    const silent = linearSchedule({ rescaleBetasZeroSnr: true });
    expect(() => ddpmSteps(silent)).toThrow(/predict v or x0/);
    const steps = ddpmSteps(silent, { predicts: "v" });
    expect(steps.every(({ next }) => Object.values(next).every(Number.isFinite))).toBe(true);
  });
});
