import { existsSync, readFileSync } from "node:fs";
import { readSchedulerConfig } from "@gen/schedules";
import { describe, expect, it, test } from "vitest";
import { schedulerSteps } from "../src/index.ts";

type SchedulerStepsOptions = NonNullable<Parameters<typeof schedulerSteps>[1]>;

const read = (className: string, fields: object) =>
  readSchedulerConfig({ _class_name: `${className}Scheduler`, ...fields });
const table = (className: string, fields: object, options: SchedulerStepsOptions) =>
  schedulerSteps(read(className, fields), options);
const sigmaMin = { final_sigmas_type: "sigma_min" };

interface Case {
  readonly config: object;
  readonly options: Record<string, unknown>;
  readonly sample?: readonly number[];
}

describe.each([
  "DPMSolverMultistep",
  "DPMSolverMultistepInverse",
  "DPMSolverSinglestep",
  "UniPCMultistep",
  "DEISMultistep",
  "SASolver",
  "EDMDPMSolverMultistep",
])("%s without compat", (name) => {
  // Written by tooling/reference/diffusers-schedulers.py; here only the settings are used.
  const file = new URL(`./reference/schedulers/${name}Scheduler.json`, import.meta.url);
  const cases: Case[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).cases : [];

  it("is the class wherever no note says otherwise", () => {
    let notes = 0;
    for (const { config, options, sample } of cases) {
      if (!sample) continue;
      const found = table(name, config, options as SchedulerStepsOptions);
      const theirs = { ...options, compat: "diffusers" } as SchedulerStepsOptions;
      if (found.notes.length > 0) notes++;
      else expect(found).toEqual(table(name, config, theirs));
      for (const { next } of found.steps) {
        for (const c of [next.x0, next.x, next.noise, ...(next.history ?? [])]) {
          expect(Number.isFinite(c)).toBe(true);
        }
      }
    }
    expect(cases.length).toBeGreaterThan(100);
    expect(notes).toBeLessThan(cases.length / 4);
  });
});

describe("the faults of the classes", () => {
  it("trailing: no step at t = -1", () => {
    const fields = { timestep_spacing: "trailing" };
    const { steps, notes } = table("DPMSolverMultistep", fields, { steps: 61 });
    const theirs = table("DPMSolverMultistep", fields, { steps: 61, compat: "diffusers" });
    expect(theirs.steps.map(({ t }) => t).slice(-2)).toEqual([15, -1]);
    expect(steps.map(({ t }) => t)).toEqual(theirs.steps.map(({ t }) => t).slice(0, -1));
    expect(notes).toEqual([
      "the last of 61 trailing steps is at t = 15; diffusers has one more, at t = -1",
    ]);
    expect(theirs.notes).toEqual([]);
  });

  it("zero signal: the first x is noise alone", () => {
    const fields = { rescale_betas_zero_snr: true, prediction_type: "v_prediction" };
    for (const name of ["DPMSolverMultistep", "UniPCMultistep"]) {
      const { steps, sigmas, notes } = table(name, fields, { steps: 6 });
      expect(sigmas?.[0]).toBe(Infinity);
      expect(notes).toEqual(["the first level has no signal; diffusers takes sigma 4096 there"]);
      // v is -x0 there, and x' = signal' x0 + noise' x.
      expect(steps[0].denoised.prediction).toBe(-1);
      expect(steps[0].denoised.x).toBe(0);
      const { x0, x } = steps[0].next;
      expect(Math.hypot(x0, x)).toBeCloseTo(1, 14);
      expect(x / x0).toBeCloseTo(sigmas?.[1] as number, 10);
      expect(table(name, fields, { steps: 6, compat: "diffusers" }).sigmas?.[0]).toBeCloseTo(4096);
    }
  });

  it("UniPC: the last step to the clean level is the clean estimate", () => {
    const note = "the last step goes to the clean estimate; diffusers gives NaN";
    for (const fields of [{ solver_type: "bh1" }, { lower_order_final: false }]) {
      const { steps, notes } = table("UniPCMultistep", fields, { steps: 5 });
      expect(notes).toEqual([note]);
      expect(steps[4].next).toEqual({ x0: 1, x: 0, prediction: 0, noise: 0 });
    }
    // With estimates of the noise too, where no corrector moves x: x - noise epsilon over signal.
    const fields = { predict_x0: false, disable_corrector: [0, 1, 2, 3] };
    const { steps, notes } = table("UniPCMultistep", fields, { steps: 5 });
    expect(notes).toEqual([note]);
    expect(steps[4].next.x0).toBeCloseTo(1, 12);
    expect(steps[4].next.x).toBeCloseTo(0, 12);
  });

  it("order 3 with fresh noise: D2 has the weight of k-diffusion's dpmpp_3m_sde", () => {
    const fields = { algorithm_type: "sde-dpmsolver++", solver_order: 3, ...sigmaMin };
    const { steps, sigmas = [], notes } = table("DPMSolverMultistep", fields, { steps: 16 });
    expect(notes).toEqual([
      "order 3 has the right sign in D2's weight; diffusers has a weight lower by 1",
    ]);
    const i = 6;
    const [lambda2, lambda1, lambda0, lambda] = sigmas.slice(i - 2, i + 2).map((s) => -Math.log(s));
    const [h, h0, h1] = [lambda - lambda0, lambda0 - lambda1, lambda1 - lambda2];
    // With eta 1: phi_2 = expm1(-2h) / 2h + 1, phi_3 = phi_2 / 2h - 1/2, x += phi_2 d1 - phi_3 d2.
    const [r0, r1] = [h0 / h, h1 / h];
    const phi2 = Math.expm1(-2 * h) / (2 * h) + 1;
    const phi3 = phi2 / (2 * h) - 0.5;
    const signal = 1 / Math.hypot(1, sigmas[i + 1]);
    const theirs = (m0: number, m1: number, m2: number) => {
      const [near, far] = [(m0 - m1) / r0, (m1 - m2) / r1];
      const d1 = near + ((near - far) * r0) / (r0 + r1);
      const d2 = (near - far) / (r0 + r1);
      return signal * (-Math.expm1(-2 * h) * m0 + phi2 * d1 - phi3 * d2);
    };
    const { next } = steps[i];
    expect(next.x0).toBeCloseTo(theirs(1, 0, 0), 12);
    expect(next.history?.[0]).toBeCloseTo(theirs(0, 1, 0), 12);
    expect(next.history?.[1]).toBeCloseTo(theirs(0, 0, 1), 12);
  });

  it("time steps that come twice are taken once", () => {
    for (const name of ["DPMSolverMultistep", "UniPCMultistep", "DEISMultistep", "SASolver"]) {
      const { steps, notes } = table(name, {}, { steps: 1000 });
      const times = steps.map(({ t }) => t);
      expect(times).toEqual([...new Set(times)]);
      expect(notes).toEqual([
        `1000 steps have ${times.length} distinct times; diffusers takes the equal ones too`,
      ]);
      expect(() => table(name, { timestep_spacing: "leading" }, { steps: 1000 })).toThrow(
        "steps must be below 1000 where timestep_spacing is leading, got 1000",
      );
    }
  });

  it("order 3 that the class cannot do is solved", () => {
    const orders = [
      ["DPMSolverMultistep", { algorithm_type: "sde-dpmsolver", ...sigmaMin }],
      ["EDMDPMSolverMultistep", { algorithm_type: "sde-dpmsolver++" }],
    ] as const;
    for (const [name, fields] of orders) {
      const third = { ...fields, solver_order: 3 };
      expect(table(name, third, { steps: 9 }).notes).toEqual([
        `order 3 of ${fields.algorithm_type} is solved; diffusers fails there`,
      ]);
      expect(() => table(name, third, { steps: 9, compat: "diffusers" })).toThrow(
        `solver_order must be 1 or 2 for ${name}Scheduler where algorithm_type is ${fields.algorithm_type}, got 3`,
      );
    }
  });
});

test("what the classes refuse is refused by the name of the field or option", () => {
  const refused = (name: string, fields: object, options: SchedulerStepsOptions) =>
    expect(() => table(name, fields, { compat: "diffusers", ...options }));
  refused("DPMSolverMultistep", { algorithm_type: "dpmsolver" }, { steps: 4 }).toThrow(
    "final_sigmas_type must be sigma_min where algorithm_type is dpmsolver, got zero",
  );
  refused("DPMSolverSinglestep", { algorithm_type: "sde-dpmsolver" }, { steps: 4 }).toThrow(
    "algorithm_type must be one of dpmsolver, dpmsolver++, sde-dpmsolver++ for DPMSolverSinglestepScheduler, got sde-dpmsolver",
  );
  const flow = { prediction_type: "flow_prediction", ...sigmaMin };
  refused("DPMSolverMultistep", { ...flow, algorithm_type: "dpmsolver" }, {}).toThrow(
    "prediction_type must be another than flow_prediction where algorithm_type is dpmsolver",
  );
  refused("UniPCMultistep", { ...flow, predict_x0: false }, {}).toThrow("predict_x0 must be true");
  refused("UniPCMultistep", { shift_terminal: 0.1 }, {}).toThrow("shift_terminal must be null");
  const dynamic = { use_flow_sigmas: true, use_dynamic_shifting: true };
  refused("UniPCMultistep", dynamic, { steps: 4 }).toThrow("mu must be given");
  refused("DPMSolverMultistep", {}, { steps: 4, mu: 1 }).toThrow("mu must be left out unless");
  refused("DEISMultistep", {}, { timesteps: [9, 3] }).toThrow(
    "timesteps must be left out for DEIS",
  );
  refused("UniPCMultistep", {}, { sigmas: [3, 1] }).toThrow(
    "sigmas must be left out where use_flow_sigmas is false, got [3, 1]",
  );
  refused("DPMSolverMultistep", { use_karras_sigmas: true }, { timesteps: [9, 3] }).toThrow(
    "timesteps must be left out where sigmas are spread (karras)",
  );
  refused("EDMDPMSolverMultistep", { prediction_type: "sample" }, { steps: 4 }).toThrow(
    "prediction_type must be one of epsilon, v_prediction for EDMDPMSolverMultistepScheduler, got sample",
  );
  refused("DPMSolverMultistep", {}, { steps: 1000 }).toThrow("steps must give");
  refused("DPMSolverMultistep", { timestep_spacing: "leading" }, { steps: 1000 }).toThrow(
    "steps must leave the first time steps apart, got 0 twice",
  );
  refused("DPMSolverMultistep", {}, { steps: 4, strength: 0.1 }).toThrow("strength must leave");
});
