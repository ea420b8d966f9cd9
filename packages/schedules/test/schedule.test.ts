import { posteriorCoefficients } from "@gen/math";
import { describe, expect, test } from "vitest";
import {
  cosineSchedule,
  expSchedule,
  flowSchedule,
  laplaceSchedule,
  linearSchedule,
  readSchedulerConfig,
  rescaleBetasZeroSnr,
  respacedSchedule,
  scaledLinearSchedule,
  scheduleFromBetas,
  scheduleWarnings,
  sigmoidSchedule,
  spaceTimesteps,
} from "../src/index.ts";
import { reference, worst } from "./reference.ts";

const factories = {
  linearSchedule,
  scaledLinearSchedule,
  sigmoidSchedule,
  cosineSchedule,
  laplaceSchedule,
  expSchedule,
};

// guided-diffusion scales its linear betas with 1000 / T; its cosine is the one here.
const guided = (name: string, T: number) =>
  name === "cosine"
    ? cosineSchedule({ steps: T })
    : linearSchedule({ steps: T, betaStart: 0.1 / T, betaEnd: 20 / T });

describe("schedules", () => {
  test("diffusers' betas and alphas_cumprod at T = 100", () => {
    const { schedules } = reference("schedules_T100.json");
    expect(schedules.length).toBe(9);
    for (const { config, betas, alphas_cumprod } of schedules) {
      const { schedule } = readSchedulerConfig({
        _class_name: "DDPMScheduler",
        prediction_type: "v_prediction",
        ...config,
      });
      expect(worst(schedule.betas, betas)).toBeLessThan(1e-14);
      expect(worst(schedule.alphasCumprod, alphas_cumprod)).toBeLessThan(1e-14);
    }
  });

  test("guided-diffusion's tables", () => {
    for (const c of reference("elementary.json").cases) {
      const schedule = guided(c.schedule, c.T);
      const at = (table: Float64Array) => c.t.map((t: number) => table[t]);
      const relative = (actual: number[], expected: number[]) =>
        worst(
          actual.map((value, i) => (value === expected[i] ? 1 : value / expected[i])),
          expected.map(() => 1),
        );
      const oneMinus = schedule.alphasCumprod.map((value) => 1 - value);
      expect(relative(at(oneMinus), c.q_variance_per_row)).toBeLessThan(1e-11);
      expect(relative(at(schedule.posteriorVariance), c.posterior_variance_per_row)).toBeLessThan(
        1e-11,
      );
      const logs = at(schedule.posteriorLogVarianceClipped);
      expect(worst(logs, c.posterior_log_variance_clipped_per_row)).toBeLessThan(1e-11);
    }
  });

  test("guided-diffusion's forward process and posterior mean, from level and tables", () => {
    // Its clean data: bytes (61 i + 23) mod 256, black and white at both halves' beginnings.
    const x0 = (i: number, n: number) =>
      (i % (n / 2) === 0 ? 0 : i % (n / 2) === 1 ? 255 : (61 * i + 23) % 256) / 127.5 - 1;
    for (const c of reference("elementary.json").cases) {
      const schedule = guided(c.schedule, c.T);
      const rows = c.q_mean.length / c.t.length;
      const mean = c.q_mean.map(
        (_: number, i: number) =>
          schedule.level(c.t[Math.floor(i / rows)]).signal * x0(i, c.q_mean.length),
      );
      expect(worst(mean, c.q_mean)).toBeLessThan(1e-13);
      const posterior = c.q_sample.map((x: number, i: number) => {
        const t = c.t[Math.floor(i / rows)];
        return (
          schedule.posteriorMeanX0[t] * x0(i, c.q_mean.length) + schedule.posteriorMeanX[t] * x
        );
      });
      expect(worst(posterior, c.posterior_mean)).toBeLessThan(1e-11);
    }
  });

  test("tables hold to each other", () => {
    for (const factory of Object.values(factories)) {
      const s = factory({ steps: 50 });
      let product = 1;
      for (let t = 0; t < s.length; t++) {
        product *= 1 - s.betas[t];
        expect(s.alphas[t]).toBe(1 - s.betas[t]);
        expect(s.alphasCumprod[t]).toBe(product);
        expect(s.alphasCumprodPrev[t]).toBe(t === 0 ? 1 : s.alphasCumprod[t - 1]);
        const { signal, noise } = s.level(t);
        expect(signal ** 2 + noise ** 2).toBeCloseTo(1, 14);
        expect([signal, noise]).toEqual([s.sqrtAlphasCumprod[t], s.sqrtOneMinusAlphasCumprod[t]]);
        expect(s.sigmas[t] * signal).toBeCloseTo(noise, 13);
        expect(s.sqrtRecipAlphasCumprod[t] * signal).toBeCloseTo(1, 13);
        expect(s.snr[t] * noise ** 2).toBeCloseTo(signal ** 2, 13);
        expect(Math.exp(s.logSnr[t])).toBeCloseTo(s.snr[t], 8);
        const c = posteriorCoefficients(
          s.level(t),
          t ? s.level(t - 1) : { signal: 1, noise: 0 },
          1,
        );
        expect(c.x0).toBeCloseTo(s.posteriorMeanX0[t], 11);
        expect(c.x).toBeCloseTo(s.posteriorMeanX[t], 11);
        expect(c.noise ** 2).toBeCloseTo(s.posteriorVariance[t], 13);
        if (t) expect(s.posteriorLogVarianceClipped[t]).toBe(Math.log(s.posteriorVariance[t]));
      }
      expect(s.posteriorVariance[0]).toBe(0);
      expect(s.posteriorLogVarianceClipped[0]).toBe(s.posteriorLogVarianceClipped[1]);
    }
  });

  test("the published values of the usual schedules", () => {
    // Ho et al. 2020: 1e-4 to 0.02 in 1,000 steps
    const linear = linearSchedule();
    expect([linear.length, linear.betas[0], linear.betas[999]]).toEqual([1000, 1e-4, 0.02]);
    expect(linear.alphasCumprod[999]).toBeCloseTo(4.03583e-5, 10);
    // Nichol and Dhariwal 2021: capped at 0.999
    const cosine = cosineSchedule();
    expect(cosine.betas[999]).toBe(0.999);
    expect(cosine.betas[0]).toBeCloseTo(4.128422482e-5, 12);
    expect(scaledLinearSchedule().betas[999]).toBeCloseTo(0.02, 15);
  });

  test("level -1 is clean, or that of t = 0 without set_alpha_to_one", () => {
    expect(linearSchedule().level(-1)).toEqual({ signal: 1, noise: 0 });
    const kept = linearSchedule({ setAlphaToOne: false });
    expect(kept.level(-1)).toEqual(kept.level(0));
    expect(() => kept.level(1000)).toThrow("t must be an integer in -1..999, got 1000");
    expect(() => kept.level(-2)).toThrow("got -2");
    expect(() => kept.level(0.5)).toThrow("got 0.5");
  });

  test("zero terminal SNR ends without signal and keeps the first level", () => {
    for (const factory of Object.values(factories)) {
      const plain = factory({ steps: 20 });
      const s = factory({ steps: 20, rescaleBetasZeroSnr: true });
      expect(s.level(19)).toEqual({ signal: 0, noise: 1 });
      expect(s.level(0).signal).toBeCloseTo(plain.level(0).signal, 14);
      expect(s.posteriorVariance.every((value) => Number.isFinite(value))).toBe(true);
    }
    expect(() => linearSchedule({ steps: 1, rescaleBetasZeroSnr: true })).toThrow("2 or more");
    for (const [betas, t] of [
      [[0, 0], 0],
      [[1, 1], 0],
      [[0.1, 0.2, 0], 1],
      [[0.1, 1, 0.2], 1],
    ] as const) {
      for (const rescale of [
        () => rescaleBetasZeroSnr(betas),
        () => scheduleFromBetas(betas, { rescaleBetasZeroSnr: true }),
      ]) {
        expect(rescale).toThrow(/betas must lower the signal until the last step.* at t = /);
        expect(rescale).toThrow(`at t = ${t} and`);
      }
    }
  });

  test("a schedule of one step is finite", () => {
    const s = linearSchedule({ steps: 1 });
    expect(s.betas).toEqual(Float64Array.of(1e-4));
    expect(Number.isFinite(s.posteriorLogVarianceClipped[0])).toBe(true);
  });

  test("respaced, a schedule keeps the levels of the steps that are left", () => {
    const schedule = cosineSchedule({ steps: 100 });
    const list = spaceTimesteps(100, "10,5");
    const respaced = respacedSchedule(schedule, list);
    expect(respaced.length).toBe(15);
    for (const [i, t] of list.entries()) {
      expect(respaced.level(i).signal / schedule.level(t).signal).toBeCloseTo(1, 11);
    }
    const all = respacedSchedule(
      schedule,
      Array.from({ length: 100 }, (_, t) => t),
    );
    expect(worst(all.betas, schedule.betas)).toBeLessThan(1e-13);
    expect(() => respacedSchedule(schedule, [3, 3])).toThrow("got 3 after 3");
    expect(() => respacedSchedule(schedule, [100])).toThrow("within 0..99, got 100");
    expect(() => respacedSchedule(schedule, [])).toThrow("betas must not be empty");
  });

  test("given betas are copied and checked", () => {
    const betas = Float64Array.of(0.1, 0.2);
    const s = scheduleFromBetas(betas);
    betas[0] = 0.9;
    expect([...s.betas]).toEqual([0.1, 0.2]);
    expect(() => scheduleFromBetas([])).toThrow("betas must not be empty");
    expect(() => scheduleFromBetas([0.1, 1.5])).toThrow(
      "betas must be in [0, 1], got 1.5 at t = 1",
    );
    expect(() => scheduleFromBetas([Number.NaN])).toThrow("got NaN");
    expect(() => linearSchedule({ steps: 0 })).toThrow("steps must be a positive integer, got 0");
    expect(() => cosineSchedule({ steps: 2.5 })).toThrow("got 2.5");
  });

  test("few steps with the betas of a thousand leave signal, and say so", () => {
    expect(scheduleWarnings(linearSchedule())).toEqual([]);
    expect(scheduleWarnings(scaledLinearSchedule({ betaStart: 0.00085, betaEnd: 0.012 }))).toEqual(
      [],
    );
    expect(scheduleWarnings(cosineSchedule({ steps: 20 }))).toEqual([]);
    expect(scheduleWarnings(linearSchedule({ steps: 100 }))).toEqual([
      "the last of 100 levels still holds 0.603 of the signal: sampling starts from pure noise, " +
        "so raise the betas or the steps",
    ]);
  });
});

test("no one can change a schedule through its tables", () => {
  const tables = [
    ...["betas", "alphas", "alphasCumprod", "alphasCumprodPrev", "sqrtAlphasCumprod"],
    ...["sqrtOneMinusAlphasCumprod", "sqrtRecipAlphasCumprod", "sigmas", "snr", "logSnr"],
    ...["posteriorVariance", "posteriorLogVarianceClipped", "posteriorMeanX0", "posteriorMeanX"],
  ] as const;
  for (const schedule of [linearSchedule({ steps: 10 }), flowSchedule({ steps: 10 })]) {
    const before = JSON.stringify([schedule.level(3), schedule.level(-1)]);
    for (const name of tables as readonly (typeof tables)[number][]) {
      const table = schedule[name as "betas"];
      const kept = [...table];
      table.fill(0.5);
      expect([...schedule[name as "betas"]], name).toEqual(kept);
    }
    for (const t of [3, -1]) {
      const level = schedule.level(t) as { signal: number };
      try {
        level.signal = 7;
      } catch {} // a frozen level
    }
    expect(JSON.stringify([schedule.level(3), schedule.level(-1)])).toBe(before);
  }
  const betas = Float64Array.of(0.1, 0.2);
  const schedule = scheduleFromBetas(betas);
  betas.fill(0);
  expect([...schedule.betas]).toEqual([0.1, 0.2]);
});
