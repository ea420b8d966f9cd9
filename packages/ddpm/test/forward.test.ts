import { cosineSchedule, linearSchedule } from "@gen/schedules";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture } from "../../../tooling/fixtures/fixture.ts";
import { pixdata, wfix } from "../../../tooling/fixtures/inputs.ts";
import type { EstimateType } from "../src/convert-prediction.ts";
import {
  convertPrediction,
  posteriorMeanVariance,
  qJump,
  qMeanVariance,
  qSample,
  qStep,
  velocity,
} from "../src/index.ts";

const { cases } = fixture("elementary.json");

const worst = (ours: ArrayLike<number>, theirs: number[]) =>
  theirs.reduce((m, v, i) => Math.max(m, Math.abs(ours[i] - v) / Math.max(1, Math.abs(v))), 0);

describe("guided-diffusion's elementary functions", () => {
  for (const one of cases) {
    const { T, t, shape } = one;
    const options = { steps: T, betaStart: 0.1 / T, betaEnd: 20 / T };
    const schedule =
      one.schedule === "linear" ? linearSchedule(options) : cosineSchedule({ steps: T });
    const [x0, w]: Float64Array[] = [pixdata(shape), wfix(shape)];
    const x = Float64Array.from(one.q_sample);
    const equal = (ours: ArrayLike<number>, name: string) =>
      expect(worst(ours, one[name]), name).toBeLessThan(1e-11);

    it(`q and the posterior, ${one.schedule} ${T}`, () => {
      const q = qMeanVariance(schedule, x0, t);
      equal(q.mean, "q_mean");
      equal(q.variance, "q_variance_per_row");
      equal(q.logVariance, "q_log_variance_per_row");
      const posterior = posteriorMeanVariance(schedule, x0, x, t);
      equal(posterior.mean, "posterior_mean");
      equal(posterior.variance, "posterior_variance_per_row");
      equal(posterior.logVariance, "posterior_log_variance_clipped_per_row");
    });

    it(`conversions, ${one.schedule} ${T}`, () => {
      const convert = (from: EstimateType, to: EstimateType) =>
        convertPrediction(schedule, w, { from, to, x, t });
      equal(convert("epsilon", "x0"), "pred_xstart_from_eps");
      equal(convert("x0", "epsilon"), "pred_eps_from_xstart");
      equal(convert("previous", "x0"), "pred_xstart_from_xprev");
    });
  }
});

const schedule = linearSchedule({ steps: 50, betaEnd: 0.2 });
const step = fc.integer({ min: 1, max: 48 });
const value = fc.double({ min: -3, max: 3, noNaN: true });

describe("the forward process", () => {
  it("step by step and at once has the same mean and variance", () => {
    // Unit noise in a single step shows that step's share of the variance.
    const start = Float64Array.of(1);
    const none = Float64Array.of(0);
    let x: Float64Array = start;
    let variance = 0;
    for (let t = 0; t < 50; t++) {
      const spread = qStep(schedule, none, t, Float64Array.of(1))[0];
      const kept = qStep(schedule, start, t, none)[0];
      variance = kept ** 2 * variance + spread ** 2;
      x = qStep(schedule, x, t, none);
      const q = qMeanVariance(schedule, start, t);
      expect(x[0]).toBeCloseTo(q.mean[0], 13);
      expect(variance).toBeCloseTo(q.variance[0], 13);
    }
  });

  it("jumps compose, and a jump from clean data is qSample", () => {
    fc.assert(
      fc.property(step, step, value, value, (a, b, v, e) => {
        const [s, t] = [Math.min(a, b), Math.max(a, b) + 1];
        const [x, epsilon, none] = [Float64Array.of(v), Float64Array.of(e), Float64Array.of(0)];
        const whole = qJump(schedule, x, { from: -1, to: t }, epsilon);
        expect(whole[0]).toBeCloseTo(qSample(schedule, x, t, epsilon)[0], 12);
        const first = qJump(schedule, x, { from: -1, to: s }, none);
        expect(qJump(schedule, first, { from: s, to: t }, none)[0]).toBeCloseTo(
          qJump(schedule, x, { from: -1, to: t }, none)[0],
          12,
        );
        const one = Float64Array.of(1);
        const spread = qJump(schedule, none, { from: s, to: t }, one)[0];
        const { signal, noise } = schedule.level(t);
        const kept = (signal / schedule.level(s).signal) * schedule.level(s).noise;
        expect(Math.hypot(spread, kept)).toBeCloseTo(noise, 12);
        expect(qJump(schedule, x, { from: t - 1, to: t }, epsilon)[0]).toBeCloseTo(
          qStep(schedule, x, t, epsilon)[0],
          12,
        );
      }),
    );
  });

  it("refuses arguments that do not fit", () => {
    const x = Float64Array.of(1, 2, 3);
    expect(() => qMeanVariance(schedule, x, [1, 2])).toThrow("x must have 2 equal rows");
    expect(() => qStep(schedule, x, 50, x)).toThrow("t must be an integer in 0..49, got 50");
    expect(() => qStep(schedule, x, 1, Float64Array.of(1))).toThrow("epsilon must have as many");
    expect(() => qJump(schedule, x, { from: 4, to: 2 }, x)).toThrow("to must not come before from");
  });
});

describe("convertPrediction", () => {
  const types: EstimateType[] = ["epsilon", "x0", "v", "flow", "score", "previous"];

  it("converts every kind to every other by their definitions", () => {
    fc.assert(
      fc.property(step, value, value, (t, v, e) => {
        const [x0, epsilon] = [Float64Array.of(v), Float64Array.of(e)];
        const x = qSample(schedule, x0, t, epsilon);
        const known: Record<EstimateType, number> = {
          x0: v,
          epsilon: e,
          v: velocity(schedule, x0, t, epsilon)[0],
          flow: e - v,
          score: -e / schedule.level(t).noise,
          previous: posteriorMeanVariance(schedule, x0, x, t).mean[0],
        };
        for (const from of types) {
          for (const to of types) {
            const estimate = Float64Array.of(known[from]);
            const found = convertPrediction(schedule, estimate, { from, to, x, t })[0];
            expect(Math.abs(found - known[to])).toBeLessThan(1e-9 * (1 + Math.abs(known[to])));
          }
        }
      }),
    );
  });

  it("refuses a kind that says nothing of x0", () => {
    const silent = linearSchedule({ steps: 50, rescaleBetasZeroSnr: true });
    const x = Float64Array.of(1);
    const options = { to: "x0", x, t: 49 } as const;
    expect(() => convertPrediction(silent, x, { ...options, from: "epsilon" })).toThrow(
      "predict v or x0",
    );
    expect(() => convertPrediction(silent, x, { ...options, from: "score" })).toThrow(
      "score says nothing of x0 at t = 49",
    );
  });
});
