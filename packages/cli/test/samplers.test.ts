import { torchCpuGenerator } from "@gen/math";
import {
  denoiser,
  dpmSolverSteps,
  eulerAncestralSteps,
  heunSteps,
  lcmSteps,
  type Step,
  unipcSteps,
} from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { expect, test } from "vitest";
import {
  noisySamplers,
  samplerHelp,
  samplerNames,
  samplerTable,
  usualEta,
  usualSampler,
} from "../src/samplers.ts";
import { schedulerNotes } from "../src/scheduler-notes.ts";
import { torchNoise } from "../src/torch-noise.ts";

const config = (className: string, more: object = {}) =>
  readSchedulerConfig({ _class_name: `${className}Scheduler`, ...more });
const model = denoiser({ apply: (x) => x, parameters: [] });
const tableOf = (scheduler: ReturnType<typeof config>, choice = {}) =>
  samplerTable({ scheduler, denoiser: model }, choice);

test.each([
  ["DDIM", {}, "ddim"],
  ["DDPM", {}, "ddim"],
  ["PNDM", {}, "ddim"],
  ["EulerDiscrete", {}, "euler"],
  ["EulerAncestralDiscrete", {}, "euler-ancestral"],
  ["HeunDiscrete", {}, "heun"],
  ["DPMSolverMultistep", {}, "dpm-solver++"],
  ["DPMSolverMultistep", { algorithm_type: "sde-dpmsolver++" }, "dpm-solver++-sde"],
  ["DPMSolverSinglestep", {}, "dpm-solver++-single"],
  ["UniPCMultistep", {}, "unipc"],
  ["LCM", {}, "lcm"],
])("%sScheduler %j is sampled by %s unless told", (className, more, name) => {
  const scheduler = config(className, more);
  expect(usualSampler(scheduler)).toBe(name);
  expect(tableOf(scheduler)).toEqual(tableOf(scheduler, { sampler: name }));
});

test("a solver takes its class's settings", () => {
  const spaced = { spacing: "linspace", offset: 0, predicts: "epsilon" } as const;
  const check = (scheduler: ReturnType<typeof config>, steps: number, wanted: Step[]) =>
    expect(tableOf(scheduler, { steps })).toEqual(wanted);
  const dpm = config("DPMSolverMultistep", {
    solver_order: 3,
    use_karras_sigmas: true,
    lower_order_final: false,
  });
  check(
    dpm,
    8,
    dpmSolverSteps(dpm.schedule, {
      ...spaced,
      steps: 8,
      order: 3,
      sigmas: "karras",
      lowerOrderFinal: false,
    }),
  );
  const heunLike = config("DPMSolverMultistep", { solver_type: "heun" });
  check(heunLike, 9, dpmSolverSteps(heunLike.schedule, { ...spaced, steps: 9, slope: "heun" }));
  const unipc = config("UniPCMultistep", { solver_type: "bh1", use_exponential_sigmas: true });
  check(
    unipc,
    5,
    unipcSteps(unipc.schedule, { ...spaced, steps: 5, scaling: "bh1", sigmas: "exponential" }),
  );
  const heun = config("HeunDiscrete");
  check(heun, 4, heunSteps(heun.schedule, { ...spaced, steps: 4 }));
  const lcm = config("LCM", { original_inference_steps: 25, timestep_scaling: 3 });
  check(lcm, 2, lcmSteps(lcm.schedule, { steps: 2, originalSteps: 25, timestepScaling: 3 }));
});

test("eta is for two samplers, and told in the help beside each of the others", () => {
  expect(noisySamplers()).toEqual(["ddim", "euler-ancestral"]);
  expect([usualEta("ddim"), usualEta("euler-ancestral"), usualEta("unipc")]).toEqual([
    0,
    1,
    undefined,
  ]);
  for (const name of samplerNames)
    expect(samplerHelp()).toMatch(new RegExp(`^  ${escaped(name)} +\\S`, "m"));
  const ancestral = config("EulerAncestralDiscrete");
  const half = eulerAncestralSteps(ancestral.schedule, { steps: 3, spacing: "linspace", eta: 0.5 });
  expect(tableOf(ancestral, { steps: 3, eta: 0.5 })).toEqual(half);
  expect(tableOf(ancestral, { steps: 3 })[0].next.noise).toBeGreaterThan(half[0].next.noise);

  function escaped(name: string): string {
    return name.replaceAll("+", "\\+");
  }
});

test("what a scheduler's file asks for in vain is said", () => {
  const dpm = config("DPMSolverMultistep", {
    use_lu_lambdas: true,
    final_sigmas_type: "sigma_min",
    x: 1,
  });
  expect(schedulerNotes(dpm)).toEqual([
    "fields that DPMSolverMultistepScheduler does not have are passed over: x",
    'DPMSolverMultistepScheduler is sampled without use_lu_lambdas true, final_sigmas_type "sigma_min"',
  ]);
  expect(schedulerNotes(config("PNDM"))).toEqual([expect.stringMatching(/ddim is taken/)]);
  for (const name of ["DDIM", "DDPM", "UniPCMultistep", "EulerDiscrete", "DPMSolverMultistep"])
    expect(schedulerNotes(config(name))).toEqual([]);
});

test("PyTorch's noise is drawn for all samples at once, a step that needs none included", () => {
  const [count, size] = [5, 7];
  const generator = torchCpuGenerator(9);
  const [initial, first, second, third] = [0, 1, 2, 3].map(() => generator.randn(count * size));
  const noise = torchNoise(9, count, size);
  expect(noise.initial).toEqual(initial);
  const [one, other] = [noise.from(0, 2), noise.from(2, 3)];
  expect(one(0)).toEqual(first.subarray(0, 14));
  expect(one(1)).toEqual(second.subarray(0, 14));
  expect(other(2)).toEqual(third.subarray(14));
});
