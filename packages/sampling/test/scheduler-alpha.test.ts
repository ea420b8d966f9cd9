import {
  cosineSchedule,
  linearSchedule,
  readSchedulerConfig,
  type SchedulerConfigInput,
  sigmoidSchedule,
  writeSchedulerConfig,
} from "@gen/schedules";
import { describe, expect, it, test } from "vitest";
import { ddimSteps, levelTransitions, pndmSteps, schedulerSteps, tcdSteps } from "../src/index.ts";
import { replayed } from "./replayed.ts";

const config = (className: string, more: object = {}) =>
  readSchedulerConfig({ _class_name: `${className}Scheduler`, ...more });
const gap = (a: number[], b: number[]) => Math.max(...a.map((v, i) => Math.abs(v - b[i])));

describe("the default, where a class is wrong", () => {
  // The data are one point, so that noise is the same all along the flow: before the last step, x
  // must be that of the level that the network is told.
  const POINT = 0.7;
  const NOISE = [1.3, -0.4, 0.2];
  const noisy = ({ schedule }: ReturnType<typeof config>, t: number) => {
    const { signal, noise } = schedule.level(t);
    return NOISE.map((v) => signal * POINT + noise * v);
  };
  const away = (
    { steps, clip }: ReturnType<typeof schedulerSteps>,
    one: ReturnType<typeof config>,
  ) =>
    gap(
      replayed(steps.slice(0, -1), clip, noisy(one, steps[0].t), (x, t) => {
        const { signal, noise } = one.schedule.level(t);
        return x.map((v) => (v - signal * POINT) / noise);
      }),
      noisy(one, steps[steps.length - 1].t),
    );

  it.each([
    ["DDIM", { clip_sample: false, timestep_spacing: "trailing" }, { steps: 37 }],
    ["DDIM", { clip_sample: false, timestep_spacing: "linspace" }, { steps: 11 }],
    ["CogVideoXDDIM", { timestep_spacing: "trailing" }, { steps: 13 }],
    ["PNDM", { set_alpha_to_one: true, timestep_spacing: "linspace" }, { steps: 11 }],
    [
      "PNDM",
      { set_alpha_to_one: true, timestep_spacing: "trailing", skip_prk_steps: true },
      { steps: 6, strength: 0.7 },
    ],
  ] as const)("%sScheduler %j %j goes to the next listed time", (name, more, options) => {
    const one = config(name, more);
    const table = schedulerSteps(one, options);
    expect(away(table, one)).toBeLessThan(1e-9);
    const theirs = schedulerSteps(one, { ...options, compat: "diffusers" });
    expect(away(theirs, one)).toBeGreaterThan(1e-6);
    expect(table.notes).toContainEqual(expect.stringMatching(/^each step goes to the next listed/));
    expect(theirs.notes).toEqual([]);
  });

  it("is the class itself where the class goes there too, and says nothing", () => {
    for (const name of ["DDIM", "DDIMInverse", "PNDM", "CogVideoXDDIM", "CogVideoXDPM", "LCM"]) {
      const one = config(name);
      const { steps, notes } = schedulerSteps(one, { steps: 10 });
      expect(notes).toEqual([]);
      const theirs = schedulerSteps(one, { steps: 10, compat: "diffusers" }).steps;
      expect(steps.map(({ t }) => t)).toEqual(theirs.map(({ t }) => t));
      for (const [i, { next }] of steps.entries()) {
        expect(next.x0).toBeCloseTo(theirs[i].next.x0, 12);
        expect(next.x).toBeCloseTo(theirs[i].next.x, 12);
      }
    }
  });

  it("takes N trailing time steps where diffusers takes one more, -1", () => {
    const one = config("DDIM", { timestep_spacing: "trailing" });
    const table = schedulerSteps(one, { steps: 61 });
    const theirs = schedulerSteps(one, { steps: 61, compat: "diffusers" });
    expect([table.steps.length, theirs.steps.length, theirs.steps[61].t]).toEqual([61, 62, -1]);
    expect(table.notes).toContainEqual(expect.stringMatching(/^trailing has N time steps/));
    expect(away(table, one)).toBeLessThan(1e-9);
  });

  it("adds no noise on DDPM's last step, above t = 0 either", () => {
    for (const variance_type of ["fixed_small", "fixed_large", "learned_range"]) {
      const one = config("DDPM", { variance_type, steps_offset: 1 });
      const last = (compat?: "diffusers") => {
        const { steps, notes } = schedulerSteps(one, { steps: 5, compat });
        return { noise: steps[4].next.noise, notes };
      };
      expect(last()).toEqual({ noise: 0, notes: [expect.stringMatching(/last step adds no/)] });
      expect(last("diffusers").noise).toBeGreaterThan(0);
    }
  });

  it("takes fixed_large_log for fixed_large", () => {
    const large = schedulerSteps(config("DDPM", { variance_type: "fixed_large" }), { steps: 5 });
    const one = config("DDPM", { variance_type: "fixed_large_log" });
    const { steps, notes } = schedulerSteps(one, { steps: 5 });
    expect(steps).toEqual(large.steps);
    expect(notes).toContainEqual(expect.stringMatching(/^fixed_large_log is the deviation/));
    expect(() => schedulerSteps(one, { steps: 5, compat: "diffusers" })).toThrow(
      /^variance_type must be fixed_large where compat is diffusers/,
    );
  });

  it("lowers an offset that would pass the last training step", () => {
    const one = config("DDIM", { steps_offset: 300 });
    const { steps, notes } = schedulerSteps(one, { steps: 10 });
    expect(steps.map(({ t }) => t)).toEqual(Array.from({ length: 10 }, (_, i) => 999 - 100 * i));
    expect(notes).toContainEqual(expect.stringMatching(/^steps_offset is lowered/));
    expect(() => schedulerSteps(one, { steps: 10, compat: "diffusers" })).toThrow(
      "steps_offset must keep every time step below 1000, got 300, which gives 1200",
    );
  });

  it("ends LCM on its estimate where a part of the caller's time steps is taken", () => {
    const options = { timesteps: [999, 700, 300], strength: 0.7 };
    const one = config("LCM");
    expect(schedulerSteps(one, options).steps[1].next.noise).toBe(0);
    expect(schedulerSteps(one, { ...options, compat: "diffusers" }).steps[1].next.noise).toBe(
      one.schedule.level(300).noise,
    );
  });
});

test("zero SNR is refused for epsilon only where a step starts without signal", () => {
  const rescaled = { rescale_betas_zero_snr: true, clip_sample: false };
  for (const name of ["DDIM", "DDPM", "LCM", "TCD", "CogVideoXDDIM", "CogVideoXDPM"]) {
    const one = (more: object) =>
      config(name, { ...rescaled, timestep_spacing: "trailing", ...more });
    expect(() => schedulerSteps(one({}), { steps: 4 })).toThrow(
      "prediction_type must be v_prediction or sample where a step starts without signal " +
        "(rescale_betas_zero_snr, t = 999), got epsilon",
    );
    for (const prediction_type of ["v_prediction", "sample"]) {
      expect(schedulerSteps(one({ prediction_type }), { steps: 4 }).steps).toHaveLength(4);
    }
  }
  expect(schedulerSteps(config("DDIM", rescaled), { steps: 4 }).steps[0].t).toBe(750);
});

test("an option that a class does not take is refused by name", () => {
  const refused = (name: string, options: Parameters<typeof schedulerSteps>[1], message: string) =>
    expect(() => schedulerSteps(config(name), options)).toThrow(message);
  refused("DDPM", { eta: 0.5 }, "eta must be left out for DDPMScheduler, got 0.5");
  refused("PNDM", { timesteps: [9] }, "timesteps must be left out for PNDMScheduler, got [9]");
  refused("DDIM", { sigmas: [9, 0] }, "sigmas must be left out for DDIMScheduler, got [9,0]");
  refused("TCD", { eta: 1.5 }, "eta must be in [0, 1], got 1.5");
  refused("LCM", { steps: 2, timesteps: [9] }, "steps must be left out where timesteps are given");
  refused("LCM", { timesteps: [9.5] }, "timesteps must be integers, got 9.5");
  refused("DDPM", { strength: 0 }, "strength must be in (0, 1], got 0");
  refused("ConsistencyDecoder", { steps: 3 }, "steps must be 2 for ConsistencyDecoderScheduler");
});

test("a scheduler of no class samples after it is saved as it did before", () => {
  const inputs: SchedulerConfigInput[] = [
    { schedule: linearSchedule({ setAlphaToOne: false }), spacing: "linspace" },
    { schedule: sigmoidSchedule({ steps: 300 }), clip: 1, predictionType: "v" },
    { schedule: cosineSchedule(), offset: 1, thresholding: { ratio: 0.9, max: 2 } },
    { schedule: linearSchedule({ steps: 50 }), varianceType: "learned_range", clip: 2 },
  ];
  for (const input of inputs) {
    const { steps, ...rest } = schedulerSteps(input);
    const again = schedulerSteps(readSchedulerConfig(writeSchedulerConfig(input)));
    expect(again).toMatchObject({
      ...rest,
      steps: steps.map(({ t, predicts }) => ({ t, predicts })),
    });
    for (const [i, { next }] of steps.entries()) {
      expect(again.steps[i].next.x0).toBeCloseTo(next.x0, 12);
    }
  }
  expect(schedulerSteps(inputs[0])).toMatchObject({ sampler: "ddim", steps: { length: 20 } });
  expect(schedulerSteps(inputs[3])).toMatchObject({ sampler: "ddpm", steps: { length: 50 } });
});

describe("pndmSteps", () => {
  // Data N(0, 1/4): the flow multiplies x by sqrt(signal^2 / 4 + noise^2), so the end is known.
  const schedule = linearSchedule();
  const spread = ({ signal, noise }: { signal: number; noise: number }) =>
    Math.sqrt(signal ** 2 / 4 + noise ** 2);
  const network = (x: number[], t: number) => {
    const level = schedule.level(t);
    return x.map((v) => (v * level.noise) / spread(level) ** 2);
  };
  const path = (n: number) =>
    levelTransitions(
      schedule,
      Array.from({ length: n }, (_, i) => 960 - (880 / n) * i),
      schedule.level(80),
    );
  const error = (steps: Parameters<typeof replayed>[0]) => {
    const ratio = spread(schedule.level(80)) / spread(schedule.level(960));
    return gap(replayed(steps, false, [1], network), [ratio]);
  };

  it.each([0, 3])("with %d steps of Runge-Kutta's method is of a higher order", (rungeKutta) => {
    const [few, many] = [40, 80].map((n) => error(pndmSteps(path(n), { rungeKutta })));
    expect(few).toBeLessThan(error(ddimSteps(path(40))) / 5);
    expect(few / many).toBeGreaterThan(3);
  });

  it("takes as many evaluations as it says", () => {
    expect(pndmSteps(path(20))).toHaveLength(21);
    expect(pndmSteps(path(20), { rungeKutta: 3 })).toHaveLength(26);
    expect(pndmSteps(path(1))).toHaveLength(1);
    expect(() => pndmSteps(path(20), { rungeKutta: 10 })).toThrow(
      "rungeKutta must be an integer in 0..9, got 10",
    );
  });
});

describe("tcdSteps", () => {
  const schedule = linearSchedule();
  const options = { steps: 6, spacing: "trailing" } as const;

  it("with gamma 0 is DDIM down to time step 0", () => {
    const steps = tcdSteps(schedule, { ...options, gamma: 0 });
    const list = steps.map(({ t }) => t);
    const ddim = ddimSteps(levelTransitions(schedule, list, schedule.level(0)), {
      keepEpsilon: true,
    });
    for (const [i, { next }] of steps.entries()) {
      expect(next.noise).toBe(0);
      expect(next.x0).toBeCloseTo(ddim[i].next.x0, 12);
      expect(next.prediction).toBeCloseTo(ddim[i].next.prediction, 12);
    }
  });

  it("keeps the variance of each level, whatever gamma is", () => {
    for (const gamma of [0.2, 0.5, 1]) {
      for (const [i, { next }] of tcdSteps(schedule, { ...options, gamma }).entries()) {
        const to = schedule.level([832, 666, 499, 332, 166, 0][i]);
        expect(next.x0).toBeCloseTo(to.signal, 12);
        expect(Math.hypot(next.prediction, next.noise)).toBeCloseTo(to.noise, 12);
      }
    }
    expect(() => tcdSteps(schedule, { gamma: 2 })).toThrow("gamma must be in [0, 1], got 2");
  });
});
