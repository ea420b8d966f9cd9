import { describe, expect, test } from "vitest";
import {
  flowLevel,
  flowSchedule,
  flowSigmas,
  linearSchedule,
  readSchedulerConfig,
  writeSchedulerConfig,
} from "../src/index.ts";
import { schedulerClasses } from "../src/scheduler-classes.ts";
import { reference, worst } from "./reference.ts";

const _class_name = "FlowMatchEulerDiscreteScheduler";
const read = (fields: object) => readSchedulerConfig({ _class_name, ...fields });

// As saved for Stable Diffusion 3, with a field of nobody's.
const STABLE_DIFFUSION_3 = `{
  "_class_name": "FlowMatchEulerDiscreteScheduler",
  "_diffusers_version": "0.29.0.dev0",
  "num_train_timesteps": 1000,
  "shift": 3.0,
  "mystery": [
    1
  ]
}
`;

describe("flowSigmas", () => {
  test("are diffusers' for every combination of settings", () => {
    const { cases } = reference("flow_sigmas.json");
    expect(cases.length).toBe(72);
    for (const c of cases) {
      const { flow } = read(c.config);
      const found = flowSigmas({
        ...flow,
        steps: c.steps,
        ...(c.image_length && { imageLength: c.image_length }),
      });
      expect(worst(found, c.sigmas)).toBeLessThan(1e-14);
    }
  });

  test("without a shift are equal steps from 1 to the training's last noise", () => {
    expect([...flowSigmas({ steps: 3, length: 5 })]).toEqual([1, 0.6, 0.2]);
    expect([...flowSigmas({ steps: 1, terminal: 0.5 })]).toEqual([1]);
  });

  test("say what is not allowed", () => {
    const dynamic = { baseShift: 0.5, maxShift: 1.15, baseLength: 256, maxLength: 4096 };
    expect(() => flowSigmas({ steps: 0 })).toThrow("steps must be a positive integer, got 0");
    expect(() => flowSigmas({ steps: 4, shift: 0 })).toThrow("shift must be positive, got 0");
    expect(() => flowSigmas({ steps: 4, dynamic })).toThrow("imageLength must be a positive");
    expect(() => flowSigmas({ steps: 4, terminal: 1 })).toThrow("terminal must be in (0, 1), got");
    expect(() => flowSigmas({ steps: 4, spread: "even" as never })).toThrow("spread must be");
  });
});

describe("flowSchedule", () => {
  test("holds the flow's levels, the last without signal", () => {
    const schedule = flowSchedule({ steps: 10, shift: 3 });
    for (let t = 0; t < 10; t++) expect(schedule.level(t)).toEqual(flowLevel((t + 1) / 10, 3));
    expect(schedule.level(9)).toEqual({ signal: 0, noise: 1 });
    expect(schedule.level(-1)).toEqual({ signal: 1, noise: 0 });
    expect(() => schedule.level(10)).toThrow("t must be an integer in -1..9, got 10");
  });

  test("has tables that hold to its levels and to each other", () => {
    const s = flowSchedule({ steps: 12, shift: 2 });
    let [signal, variance] = [1, 0];
    for (let t = 0; t < 12; t++) {
      // One step of the forward process after another.
      signal *= Math.sqrt(s.alphas[t]);
      const prior = variance;
      variance = s.alphas[t] * variance + s.betas[t];
      const level = s.level(t);
      expect(signal).toBeCloseTo(level.signal, 14);
      expect(Math.sqrt(variance)).toBeCloseTo(level.noise, 14);
      expect(s.sqrtAlphasCumprod[t] ** 2).toBeCloseTo(s.alphasCumprod[t], 14);
      expect(s.alphasCumprodPrev[t]).toBe(t === 0 ? 1 : s.alphasCumprod[t - 1]);
      expect(s.sigmas[t]).toBe(level.noise / level.signal);
      // Bayes' rule: the precisions add, and so do the means they weigh.
      const posterior = t === 0 ? 0 : 1 / (1 / prior + s.alphas[t] / s.betas[t]);
      expect(s.posteriorVariance[t]).toBeCloseTo(posterior, 14);
      const x = (posterior * Math.sqrt(s.alphas[t])) / s.betas[t];
      expect(s.posteriorMeanX[t]).toBeCloseTo(x, 14);
      const before = t === 0 ? 1 : s.level(t - 1).signal;
      expect(s.posteriorMeanX0[t]).toBeCloseTo(before - x * level.signal, 14);
    }
    expect(s.posteriorLogVarianceClipped[0]).toBe(Math.log(s.posteriorVariance[1]));
  });
});

describe("a flow's scheduler_config.json", () => {
  test("is read, and written back letter for letter", () => {
    const config = readSchedulerConfig(STABLE_DIFFUSION_3.replace("3.0", "3"));
    expect(config.predictionType).toBe("flow");
    expect(config.flow).toEqual({ length: 1000, shift: 3 });
    expect(config.unknown).toEqual(["mystery"]);
    expect(config.stochastic).toBe(false);
    expect(config.schedule.level(499)).toEqual(flowLevel(0.5, 3));
    expect(writeSchedulerConfig(config)).toBe(STABLE_DIFFUSION_3.replace("3.0", "3"));
    const changed = writeSchedulerConfig({ ...config, schedule: flowSchedule({ shift: 2 }) });
    expect(JSON.parse(changed).shift).toBe(2);
  });

  test("keeps every setting", () => {
    const fields = {
      use_dynamic_shifting: true,
      shift: 7,
      base_shift: 0.25,
      time_shift_type: "linear",
      shift_terminal: 0.1,
      use_beta_sigmas: true,
      stochastic_sampling: true,
      invert_sigmas: true,
    };
    const config = read(fields);
    expect(config.flow).toEqual({
      length: 1000,
      shift: 7,
      dynamic: {
        baseShift: 0.25,
        maxShift: 1.15,
        baseLength: 256,
        maxLength: 4096,
        form: "linear",
      },
      terminal: 0.1,
      spread: "beta",
    });
    expect(config.stochastic).toBe(true);
    expect(config.settings.invert_sigmas).toBe(true);
    expect(JSON.parse(writeSchedulerConfig(config))).toEqual({ _class_name, ...fields });
  });

  test("refuses what contradicts itself, with the reason", () => {
    const refused = (fields: object) => expect(() => read(fields));
    refused({ use_dynamic_shifting: true, base_image_seq_len: 4096 }).toThrow(
      "base_image_seq_len must be below max_image_seq_len, 4096, got 4096",
    );
    refused({ use_dynamic_shifting: true, max_shift: null }).toThrow(
      "max_shift must be a number where use_dynamic_shifting is true",
    );
    refused({ use_karras_sigmas: true, use_beta_sigmas: true }).toThrow("at most one of");
    refused({ shift: 0 }).toThrow("shift must be a positive number, got 0");
    refused({ shift_terminal: 1 }).toThrow("shift_terminal must be null or a number in [0, 1)");
    refused({ time_shift_type: "square" }).toThrow("time_shift_type must be one of");
    const className = _class_name;
    expect(() => writeSchedulerConfig({ className, schedule: linearSchedule() })).toThrow(
      "schedule must be a flow's",
    );
    const schedule = flowSchedule();
    expect(() => writeSchedulerConfig({ className, schedule, predictionType: "v" })).toThrow(
      "must have predictionType flow and no clip, got v and null",
    );
    expect(() => writeSchedulerConfig({ schedule })).toThrow("use_flow_sigmas must be left out");
  });

  test("a new one spells out the class's fields", () => {
    const text = writeSchedulerConfig({
      className: _class_name,
      schedule: flowSchedule({ steps: 100, shift: 3 }),
    });
    const config = readSchedulerConfig(text);
    expect(config.flow).toEqual({ length: 100, shift: 3 });
    expect(config.unknown).toEqual([]);
    expect(writeSchedulerConfig(config)).toBe(text);
  });

  test("solver classes may sample a flow too", () => {
    const wan = {
      _class_name: "UniPCMultistepScheduler",
      prediction_type: "flow_prediction",
      use_flow_sigmas: true,
      flow_shift: 5,
    };
    const config = readSchedulerConfig(wan);
    expect(config.predictionType).toBe("flow");
    expect(config.schedule.level(499)).toEqual(flowLevel(0.5, 5));
    expect(JSON.parse(writeSchedulerConfig(config))).toEqual(wan);
    // Without a flow's levels the class still takes the prediction for a velocity.
    const mixed = readSchedulerConfig({ ...wan, use_flow_sigmas: false });
    expect([mixed.predictionType, mixed.schedule.spec.kind]).toEqual(["flow", "linear"]);
  });
});

describe("scheduler classes", () => {
  const { classes } = reference("diffusers_defaults.json");
  for (const [name, defaults] of Object.entries<Record<string, unknown>>(classes)) {
    test(`${name}: a field that is left out means diffusers' default`, () => {
      const expected = { ...defaults };
      if ("lambda_min_clipped" in expected) expected.lambda_min_clipped = -Infinity;
      const config = readSchedulerConfig({ _class_name: name });
      expect(config.settings).toEqual(expected);
    });
  }

  test("are those of the table, and no others", () => {
    const names = Object.keys(classes).sort();
    expect(names.length).toBe(37);
    expect(Object.keys(schedulerClasses).sort()).toEqual(names);
    expect(() => readSchedulerConfig({ _class_name: "?" })).toThrow(
      /^_class_name must be one of DDPMScheduler, DDPMParallelScheduler, /,
    );
  });
});
