import type { FloatArray } from "@gen/math";
import { flowSigmas, readSchedulerConfig } from "@gen/schedules";
import { describe, expect, it, test } from "vitest";
import { fixture } from "../../../tooling/fixtures/fixture.ts";
import {
  ddpmSteps,
  defaultEta,
  defaultSampler,
  deisSteps,
  dpmSolverSteps,
  eulerAncestralSteps,
  eulerSteps,
  flowEulerSteps,
  heunSteps,
  lcmSteps,
  levelTransitions,
  type SamplerName,
  type Step,
  sample,
  samplerNames,
  saSolverSteps,
  schedulerNotes,
  schedulerSteps,
  stepTable,
  trajectory,
  unipcSteps,
} from "../src/index.ts";

const config = (className: string, more: object = {}) =>
  readSchedulerConfig({ _class_name: `${className}Scheduler`, ...more });
type Config = ReturnType<typeof config>;

test.each([
  ["DDIM", {}, "ddim", 20],
  ["DDIMParallel", {}, "ddim", 20],
  ["DDIMInverse", {}, "DDIMInverseScheduler", 20],
  ["DDPM", {}, "ddpm", 1000],
  ["DDPMParallel", {}, "ddpm", 1000],
  ["UnCLIP", {}, "UnCLIPScheduler", 25],
  ["DDPMWuerstchen", {}, "DDPMWuerstchenScheduler", 20],
  ["PNDM", {}, "pndm", 29],
  ["PNDM", { skip_prk_steps: true }, "pndm", 21],
  ["CogVideoXDDIM", {}, "CogVideoXDDIMScheduler", 20],
  ["CogVideoXDPM", {}, "CogVideoXDPMScheduler", 20],
  ["TCD", {}, "tcd", 4],
  ["ConsistencyDecoder", {}, "ConsistencyDecoderScheduler", 2],
  ["EulerDiscrete", {}, "euler", 20],
  ["EulerAncestralDiscrete", {}, "euler-ancestral", 20],
  ["HeunDiscrete", {}, "heun", 39],
  ["DPMSolverMultistep", {}, "dpm-solver++", 20],
  ["DPMSolverMultistep", { algorithm_type: "sde-dpmsolver++" }, "dpm-solver++-sde", 20],
  ["DPMSolverSinglestep", {}, "dpm-solver++-single", 20],
  ["UniPCMultistep", {}, "unipc", 20],
  ["DEISMultistep", {}, "deis", 20],
  ["SASolver", {}, "sa-solver", 20],
  ["LMSDiscrete", {}, "lms", 20],
  ["KDPM2Discrete", {}, "dpm2", 39],
  ["KDPM2AncestralDiscrete", {}, "dpm2-ancestral", 39],
  ["DPMSolverSDE", {}, "dpm-sde", 39],
  ["IPNDM", {}, "ipndm", 20],
  ["EDMEuler", {}, "EDMEulerScheduler", 20],
  ["CMStochasticIterative", {}, "CMStochasticIterativeScheduler", 20],
  ["SCM", {}, "SCMScheduler", 2],
  ["LCM", {}, "lcm", 4],
  ["FlowMatchEulerDiscrete", {}, "flow-euler", 20],
] as const)(
  "%sScheduler %j is sampled by %s in %d rows by default",
  (name, more, sampler, rows) => {
    const one = config(name, more);
    expect(defaultSampler(one)).toBe(sampler);
    const found = schedulerSteps(one);
    expect(found).toEqual(schedulerSteps(one, { sampler: sampler as SamplerName }));
    expect(found.sampler).toBe(sampler);
    expect(found.steps).toHaveLength(rows);
    for (const step of found.steps) expect(step.predicts).toBe(one.predictionType);
  },
);

/** Whether a config's table is that of a builder, with what the config says passed by hand. */
function same(one: Config, options: Parameters<typeof schedulerSteps>[1], wanted: Step[]): void {
  const { steps } = schedulerSteps(one, options);
  expect(steps).toHaveLength(wanted.length);
  for (const [i, step] of steps.entries()) near(step, wanted[i]);
}

/** The same shape, and numbers that differ by roundings alone. */
function near(found: unknown, wanted: unknown): void {
  if (typeof wanted === "number") {
    expect(Math.abs(Number(found) - wanted)).toBeLessThan(1e-12 * Math.max(1, Math.abs(wanted)));
  } else if (typeof wanted === "object" && wanted !== null) {
    expect(Object.keys(found as object).sort()).toEqual(Object.keys(wanted).sort());
    for (const [name, value] of Object.entries(wanted)) {
      near((found as Record<string, unknown>)[name], value);
    }
  } else {
    expect(found).toEqual(wanted);
  }
}

describe("a table is that of its builder", () => {
  const linspace = { spacing: "linspace", offset: 0, predicts: "epsilon" } as const;

  it("for ddim, which keeps epsilon, with the spacing, offset, last level and prediction told", () => {
    const one = config("DDIM", {
      timestep_spacing: "trailing",
      prediction_type: "v_prediction",
      rescale_betas_zero_snr: true,
      set_alpha_to_one: false,
    });
    const moves = (spacing: "leading" | "trailing", offset: number, { schedule }: Config) =>
      trajectory(schedule, { steps: 7, spacing, offset });
    const form = { predicts: "v", eta: 0.3, keepEpsilon: true } as const;
    same(one, { steps: 7, eta: 0.3 }, stepTable(moves("trailing", 0, one), form));
    const moved = config("DDIM", { steps_offset: 1 });
    const kept = { predicts: "epsilon", keepEpsilon: true } as const;
    same(moved, { steps: 7 }, stepTable(moves("leading", 1, moved), kept));
  });

  it("for ddpm, which does not, with the variance given; every training step by default", () => {
    const one = config("DDPM", { num_train_timesteps: 50, variance_type: "learned_range" });
    const { schedule } = one;
    const list = Array.from({ length: 50 }, (_, i) => 49 - i);
    const moves = levelTransitions(schedule, list, { signal: 1, noise: 0 });
    same(one, { sampler: "ddpm" }, ddpmSteps(moves, { variance: "learned_range" }));
    const large = config("DDPM", { num_train_timesteps: 50, variance_type: "fixed_large" });
    same(large, { sampler: "ddpm" }, ddpmSteps(moves, { variance: "fixed_large" }));
    expect(schedulerSteps(large, { sampler: "ddpm", steps: 5 }).steps).toHaveLength(5);
    // A class without a variance has DDPM's usual one.
    const none = config("DDIM", { num_train_timesteps: 50 });
    same(none, { sampler: "ddpm" }, ddpmSteps(moves));
  });

  it("for the solvers, with their order, slope, scaling and sigmas", () => {
    // The class's time steps and sigmas, which scheduler-lambda and the replay hold to diffusers'.
    const along = (one: Config, steps: number) => {
      const { steps: rows, sigmas = [] } = schedulerSteps(one, { steps });
      const level = (sigma: number) => {
        const signal = 1 / Math.sqrt(sigma * sigma + 1);
        return { signal, noise: sigma * signal };
      };
      return rows.map(({ t }, i) => ({ t, from: level(sigmas[i]), to: level(sigmas[i + 1]) }));
    };
    const third = { solver_order: 3, use_karras_sigmas: true, lower_order_final: false };
    const dpm = config("DPMSolverMultistep", third);
    const full = { order: 3, lowerOrderFinal: false, compat: "authors" } as const;
    same(dpm, { steps: 8 }, dpmSolverSteps(along(dpm, 8), full));
    const heunLike = config("DPMSolverMultistep", { solver_type: "heun" });
    same(heunLike, { steps: 9 }, dpmSolverSteps(along(heunLike, 9), { slope: "heun" }));
    const stochastic = config("DPMSolverMultistep", { algorithm_type: "sde-dpmsolver++" });
    same(stochastic, { steps: 9 }, dpmSolverSteps(along(stochastic, 9), { sde: true }));
    const single = config("DPMSolverSinglestep");
    same(
      single,
      { steps: 9 },
      dpmSolverSteps(along(single, 9), { method: "singlestep", slope: "midpoint" }),
    );
    const unipc = config("UniPCMultistep", { solver_type: "bh1", use_exponential_sigmas: true });
    same(unipc, { steps: 5 }, unipcSteps(along(unipc, 5), { scaling: "bh1" }));
    const deis = config("DEISMultistep", { solver_order: 3 });
    same(deis, { steps: 6 }, deisSteps(along(deis, 6), { order: 3 }));
    const adams = config("SASolver", { predictor_order: 3 });
    same(adams, { steps: 6 }, saSolverSteps(along(adams, 6), { predictorOrder: 3 }));
    const euler = config("EulerDiscrete", { use_beta_sigmas: true });
    same(
      euler,
      { steps: 4 },
      eulerSteps(euler.schedule, { ...linspace, steps: 4, sigmas: "beta" }),
    );
    const heun = config("HeunDiscrete");
    same(heun, { steps: 4 }, heunSteps(heun.schedule, { ...linspace, steps: 4 }));
    const lcm = config("LCM", { original_inference_steps: 25, timestep_scaling: 3 });
    const few = { steps: 2, originalSteps: 25, timestepScaling: 3 };
    same(lcm, { steps: 2 }, lcmSteps(lcm.schedule, few));
    same(lcm, { steps: 2, strength: 0.3 }, lcmSteps(lcm.schedule, { ...few, strength: 0.3 }));
    const ancestral = config("EulerAncestralDiscrete");
    const half = { ...linspace, steps: 4, eta: 0.5 };
    same(ancestral, { steps: 4, eta: 0.5 }, eulerAncestralSteps(ancestral.schedule, half));
    same(ancestral, { steps: 4 }, eulerAncestralSteps(ancestral.schedule, { ...half, eta: 1 }));
  });

  it("ends with the last steps alone for a strength, whatever the sampler", () => {
    const one = config("DDIM");
    for (const sampler of samplerNames.filter((name) => name !== "flow-euler")) {
      const take = (options: object) => schedulerSteps(one, { sampler, ...options }).steps;
      const [whole, part] = [take({ steps: 10 }), take({ steps: 10, strength: 0.45 })];
      // The start of a multistep method comes anew, at the same times.
      const distinct = (rows: typeof whole) => [...new Set(rows.map(({ t }) => t))];
      const times = distinct(part);
      expect(distinct(whole).slice(-times.length), sampler).toEqual(times);
      expect(times.filter(Number.isInteger).length, sampler).toBeGreaterThanOrEqual(4);
      expect(part[0].next.history?.length ?? 0, sampler).toBe(0);
      const isMultistep = part.some(({ next }) => next.history);
      if (!isMultistep) expect(part, sampler).toEqual(whole.slice(-4));
    }
    const tooLittle = () => schedulerSteps(one, { sampler: "euler", steps: 4, strength: 0.1 });
    expect(tooLittle).toThrow("strength must leave a step of 4, got 0.1");
  });

  it("for a flow, at the noises of its class", () => {
    const settings = { shift: 3, num_train_timesteps: 500, stochastic_sampling: true };
    const one = config("FlowMatchEulerDiscrete", settings);
    const sigmas = flowSigmas({ length: 500, shift: 3, steps: 6 });
    same(one, { steps: 6 }, flowEulerSteps({ sigmas, length: 500, stochastic: true }));
  });
});

describe("diffusers' flow sigmas", () => {
  // Written by tooling/reference/flow-sigmas.py: numpy and scipy, as diffusers 0.40 computes them.
  const { cases } = fixture("flow_sigmas.json");
  it("are where a FlowMatchEulerDiscreteScheduler's table asks and moves", () => {
    for (const { config: fields, steps, image_length, sigmas } of cases) {
      const table = schedulerSteps(config("FlowMatchEulerDiscrete", fields), {
        steps,
        imageLength: image_length ?? undefined,
      }).steps;
      const length = fields.num_train_timesteps;
      for (const [i, step] of table.entries()) {
        expect(step.t).toBeCloseTo(length * Math.min(sigmas[i], 1), 8);
        expect(step.next.prediction).toBeCloseTo((sigmas[i + 1] ?? 0) - sigmas[i], 10);
      }
    }
    expect(cases.length).toBeGreaterThan(20);
  });
});

describe("the clip", () => {
  it("is the config's, or its thresholding, which goes first, or none", () => {
    const clip = (name: string, more: object) => schedulerSteps(config(name, more)).clip;
    expect(clip("DDIM", {})).toBe(1);
    expect(clip("DDPM", { clip_sample_range: 2.5 })).toBe(2.5);
    expect(clip("DDIM", { clip_sample: false })).toBe(false);
    expect(clip("UniPCMultistep", {})).toBe(false);
    const dynamic = { ratio: 0.9, max: 1.5 };
    const told = { thresholding: true, dynamic_thresholding_ratio: 0.9, sample_max_value: 1.5 };
    expect(clip("DDIM", told)).toEqual(dynamic);
    expect(clip("DPMSolverMultistep", told)).toEqual(dynamic);
  });

  it("and the steps go into sample as they are", async () => {
    const { steps, clip } = schedulerSteps(config("DDIM", { clip_sample_range: 0.5 }), {
      steps: 3,
    });
    const denoiser = (x: FloatArray) => Float64Array.from(x, () => 0);
    const { x } = await sample({ denoiser, steps, clip, shape: [1, 2], x: [9, -9] });
    expect([...x]).toEqual([0.5, -0.5]);
  });
});

test("eta has its usual value for three samplers, and is refused for the others", () => {
  const noisy = samplerNames.filter((name) => defaultEta(name) !== undefined);
  expect(noisy).toEqual(["ddim", "euler-ancestral", "tcd"]);
  expect(noisy.map(defaultEta)).toEqual([0, 1, 0.3]);
  for (const sampler of samplerNames.filter((name) => !noisy.includes(name))) {
    expect(() => schedulerSteps(config("DDIM"), { sampler, eta: 0.5 })).toThrow(
      `eta must be left out for ${sampler}, only ddim, euler-ancestral, tcd have one, got 0.5`,
    );
  }
  expect(() => schedulerSteps(config("DDIM"), { eta: 2 })).toThrow("eta must be in [0, 1], got 2");
});

test("what cannot be is refused by name", () => {
  const never = "plms" as "ddim";
  expect(() => schedulerSteps(config("DDIM"), { sampler: never })).toThrow(
    /^sampler must be one of ddim, ddpm, .*flow-euler, lcm, tcd, got plms$/,
  );
  expect(() => schedulerSteps(config("DDIM"), { sampler: "flow-euler" })).toThrow(
    "sampler must be another than flow-euler for a schedule that is no flow",
  );
  expect(() => schedulerSteps(config("DDIM"), { steps: 1001 })).toThrow(
    "steps must be an integer in 1..1000, got 1001",
  );
  expect(() => schedulerSteps(config("LCM"), { steps: 51 })).toThrow("in 1..50, got 51");
  const dynamic = config("FlowMatchEulerDiscrete", { use_dynamic_shifting: true });
  expect(() => schedulerSteps(dynamic, { steps: 4 })).toThrow(
    "imageLength must be a positive number where the shift is dynamic, got undefined",
  );
});

test("with another sampler a config counts for its schedule alone", () => {
  const one = config("DPMSolverMultistep", {
    beta_schedule: "scaled_linear",
    use_karras_sigmas: true,
    timestep_spacing: "leading",
    steps_offset: 3,
  });
  const { steps, notes } = schedulerSteps(one, { sampler: "unipc", steps: 6 });
  expect(steps).toEqual(unipcSteps(one.schedule, { steps: 6, predicts: "epsilon" }));
  expect(notes).toEqual([
    "DPMSolverMultistepScheduler counts for its schedule alone: the steps are unipc's own",
  ]);
  const list = [900, 500, 20];
  const own = schedulerSteps(one, { spacing: list });
  expect(own.steps.map(({ t }) => t)).toEqual(list);
  expect(own.notes).toHaveLength(1);
  // A hand-made scheduler has no class: what it says counts.
  const { schedule } = one;
  const hand = schedulerSteps({ schedule, spacing: "linspace" }, { sampler: "heun", steps: 4 });
  expect(hand.steps).toEqual(heunSteps(schedule, { steps: 4, spacing: "linspace" }));
  expect(hand.notes).toEqual([]);
});

test("what a scheduler's file asks for in vain is said", () => {
  const dpm = config("DPMSolverMultistep", {
    final_sigmas_type: "sigma_min",
    use_flow_sigmas: true,
    prediction_type: "flow_prediction",
    x: 1,
  });
  const notes = ["fields that DPMSolverMultistepScheduler does not have are passed over: x"];
  expect(schedulerNotes(dpm)).toEqual(notes);
  expect(schedulerSteps(dpm, { steps: 5 }).notes).toEqual(notes);
  const scaled = { _class_name: "FlowMatchLCMScheduler", scale_factors: [0.5] };
  expect(schedulerSteps(readSchedulerConfig(scaled), { steps: 2 }).notes).toEqual([
    "scale_factors are passed over: x keeps its size",
  ]);
  for (const name of [
    "DDIM",
    "DDPM",
    "PNDM",
    "UniPCMultistep",
    "EulerDiscrete",
    "DPMSolverMultistep",
  ])
    expect(schedulerNotes(config(name))).toEqual([]);
});

test("an option that the class does not take is refused by name", () => {
  const refused = (name: string, options: object, message: string) =>
    expect(() => schedulerSteps(config(name), { steps: 5, ...options })).toThrow(message);
  refused("DPMSolverMultistep", { eta: 0.5 }, "eta must be left out for DPMSolverMultistepSch");
  refused("LMSDiscrete", { sChurn: 3 }, "sChurn must be left out for LMSDiscreteScheduler, got 3");
  refused("EDMEuler", { timesteps: [3] }, "timesteps must be left out for EDMEulerScheduler");
  refused("UniPCMultistep", { useClippedModelOutput: true }, "useClippedModelOutput must be left");
  refused("DDIM", { compat: "Diffusers" }, "compat must be diffusers or left out, got Diffusers");
});

test("a class named like a member of objects is no function, and a long name makes a short line", () => {
  const config = readSchedulerConfig({ _class_name: "DDIMScheduler" });
  expect(defaultSampler({ ...config, className: "toString" })).toBe("toString");
  const sampler = "x".repeat(2 ** 21) as "ddim";
  const error = /^sampler must be one of .{1,480}$/;
  expect(() => schedulerSteps(config, { steps: 3, sampler })).toThrow(error);
});
