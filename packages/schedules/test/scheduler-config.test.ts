import { describe, expect, test } from "vitest";
import {
  cosineSchedule,
  expSchedule,
  laplaceSchedule,
  linearSchedule,
  readSchedulerConfig,
  scaledLinearSchedule,
  scheduleFromBetas,
  sigmoidSchedule,
  writeSchedulerConfig,
} from "../src/index.ts";
import { MAX_TRAIN_TIMESTEPS } from "../src/limits.ts";
import { schedulerClasses } from "../src/scheduler-classes.ts";

// As saved by diffusers for Stable Diffusion 1.5's DDIM: skip_prk_steps belongs to another class.
const STABLE_DIFFUSION = `{
  "_class_name": "DDIMScheduler",
  "_diffusers_version": "0.6.0",
  "beta_end": 0.012,
  "beta_schedule": "scaled_linear",
  "beta_start": 0.00085,
  "clip_sample": false,
  "num_train_timesteps": 1000,
  "set_alpha_to_one": false,
  "skip_prk_steps": true,
  "steps_offset": 1,
  "trained_betas": null
}
`;

const ddpm = (fields: object) => ({ _class_name: "DDPMScheduler", ...fields });
const ddim = (fields: object) => ({ _class_name: "DDIMScheduler", ...fields });

const notJson = expect.objectContaining({ name: "GenError", code: "invalid-data" });

describe("readSchedulerConfig", () => {
  test("Stable Diffusion's", () => {
    const config = readSchedulerConfig(STABLE_DIFFUSION);
    expect(config.className).toBe("DDIMScheduler");
    expect(config.unknown).toEqual(["skip_prk_steps"]);
    expect(config.clip).toBe(null);
    expect(config.thresholding).toBe(null);
    expect(config.offset).toBe(1);
    expect(config.spacing).toBe("leading");
    expect(config.predictionType).toBe("epsilon");
    expect(config.varianceType).toBe(null);
    expect(config.schedule.betas[0]).toBeCloseTo(0.00085, 18);
    expect(config.schedule.level(-1)).toEqual(config.schedule.level(0));
  });

  test("what is left out takes the class's default", () => {
    const config = readSchedulerConfig(ddpm({}));
    expect(config.schedule.betas).toEqual(linearSchedule().betas);
    expect(config.clip).toBe(1);
    expect(config.varianceType).toBe("fixed_small");
    expect(config.settings.timestep_spacing).toBe("leading");
    const euler = readSchedulerConfig({ _class_name: "EulerDiscreteScheduler" });
    expect(euler.spacing).toBe("linspace");
    expect(euler.settings.interpolation_type).toBe("linear");
  });

  test("prediction types, clipping and thresholding", () => {
    expect(readSchedulerConfig(ddpm({ prediction_type: "sample" })).predictionType).toBe("x0");
    expect(readSchedulerConfig(ddpm({ prediction_type: "v_prediction" })).predictionType).toBe("v");
    expect(readSchedulerConfig(ddpm({ clip_sample_range: 3 })).clip).toBe(3);
    const thresholding = readSchedulerConfig(ddpm({ thresholding: true, sample_max_value: 1.5 }));
    expect(thresholding.thresholding).toEqual({ ratio: 0.995, max: 1.5 });
  });

  test("trained betas count the steps", () => {
    const { schedule } = readSchedulerConfig(ddpm({ trained_betas: [0.1, 0.2, 0.3] }));
    expect([...schedule.betas]).toEqual([0.1, 0.2, 0.3]);
  });

  test("predict_epsilon, as first versions had it, and Flax's names", () => {
    const read = (fields: object) => readSchedulerConfig(ddpm(fields));
    expect(read({ predict_epsilon: false }).predictionType).toBe("x0");
    expect(read({ predict_epsilon: true }).predictionType).toBe("epsilon");
    const both = read({ predict_epsilon: false, prediction_type: "v_prediction" });
    expect([both.predictionType, both.unknown]).toEqual(["v", []]);
    expect(readSchedulerConfig({ _class_name: "FlaxDDIMScheduler" }).className).toBe(
      "DDIMScheduler",
    );
  });

  test("long, deep and unclosed texts are refused in time", () => {
    const unclosed = `{"a":"${'\\"'.repeat(500_000)}`;
    expect(() => readSchedulerConfig(unclosed)).toThrow(notJson);
    expect(() => readSchedulerConfig(`${"[".repeat(65)}${"]".repeat(65)}`)).toThrow("64 deep");
    expect(() => readSchedulerConfig(`${"[".repeat(64)}${"]".repeat(64)}`)).toThrow(
      "scheduler config must be a JSON object",
    );
    const limit = 2 ** 22;
    const long = (length: number) => `{"_class_name":"DDIMScheduler"}${" ".repeat(length - 31)}`;
    expect(() => readSchedulerConfig(long(limit + 1))).toThrow("at most 4194304 characters");
    expect(readSchedulerConfig(long(limit)).className).toBe("DDIMScheduler");
  });

  test("an error quotes nothing of a file that is no JSON", () => {
    const secret = "root:x:0:0:root:/root:/bin/sh";
    expect(() => readSchedulerConfig(secret)).toThrow(
      /^scheduler config is not JSON: a value is missing at character 1$/,
    );
  });

  test("num_train_timesteps, original_inference_steps and steps are at most 1e6", () => {
    const read = (fields: object) => () =>
      readSchedulerConfig({ _class_name: "LCMScheduler", ...fields });
    for (const name of ["num_train_timesteps", "original_inference_steps"]) {
      for (const over of [MAX_TRAIN_TIMESTEPS + 1, 1e9, 1e15, 1e300]) {
        expect(read({ [name]: over })).toThrow(
          `${name} must be a positive integer of at most 1000000, got ${over}`,
        );
      }
    }
    expect(read({ num_train_timesteps: MAX_TRAIN_TIMESTEPS })().schedule.length).toBe(1e6);
    expect(() => cosineSchedule({ steps: 1_000_001 })).toThrow(
      "steps must be at most 1000000, got 1000001",
    );
  });

  test.each(["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty", "toJSON"])(
    "a key or a value named %s is refused or without effect",
    (name) => {
      const known = `{"_class_name":"DDPMScheduler","${name}":1}`;
      expect(readSchedulerConfig(known).unknown).toEqual(name.startsWith("_") ? [] : [name]);
      const object = `{"${name}":null}`;
      for (const field of ["_class_name", "variance_type", "beta_schedule", "clip_sample"]) {
        const fields = { _class_name: '"DDPMScheduler"', [field]: object };
        const text = Object.entries(fields).map(([key, value]) => `"${key}":${value}`);
        expect(() => readSchedulerConfig(`{${text}}`)).toThrow(notJson);
        const named = { _class_name: "DDPMScheduler", [field]: name };
        expect(() => readSchedulerConfig(named)).toThrow(notJson);
      }
    },
  );

  test("contradictions are refused with the reason", () => {
    const read = (fields: object) => () => readSchedulerConfig(ddim(fields));
    // A table may still pass by the level without signal, which says nothing of epsilon.
    for (const prediction_type of ["epsilon", "sample", "v_prediction"]) {
      expect(read({ rescale_betas_zero_snr: true, prediction_type })).not.toThrow();
    }
    expect(() => readSchedulerConfig(ddpm({ variance_type: "large" }))).toThrow(
      /^variance_type must be one of fixed_small, .* for DDPMScheduler, got large$/,
    );
    expect(read({ trained_betas: [0.1, 0.2], num_train_timesteps: 1000 })).toThrow(
      "trained_betas must be as many as num_train_timesteps, 1000, got 2",
    );
    expect(read({ steps_offset: 10, num_train_timesteps: 10 })).toThrow(
      "steps_offset must be below",
    );
    const both = {
      _class_name: "EulerDiscreteScheduler",
      use_karras_sigmas: true,
      use_beta_sigmas: true,
    };
    expect(() => readSchedulerConfig(both)).toThrow(
      "at most one of use_karras_sigmas, use_beta_sigmas may be true",
    );
  });

  test("values that are not allowed are refused by name", () => {
    const read = (fields: object) => () => readSchedulerConfig(ddim(fields));
    expect(read({ beta_start: "0.1" })).toThrow('beta_start must be a number in [0, 1], got "0.1"');
    expect(read({ beta_schedule: "quadratic" })).toThrow(
      "beta_schedule must be one of linear, scaled_linear, squaredcos_cap_v2, sigmoid, laplace, exp",
    );
    expect(read({ prediction_type: "flow" })).toThrow("prediction_type must be one of");
    expect(read({ num_train_timesteps: 0 })).toThrow("num_train_timesteps must be a positive");
    expect(read({ clip_sample: 1 })).toThrow("clip_sample must be true or false, got 1");
    expect(read({ trained_betas: [0.1, 2] })).toThrow("trained_betas must be null or a list");
    expect(read({ timestep_spacing: "even" })).toThrow("timestep_spacing must be one of");
    expect(read({ sample_max_value: 0.5 })).toThrow("sample_max_value must be a number, 1 or more");
    expect(() => readSchedulerConfig({})).toThrow("_class_name is missing: a scheduler's config");
    expect(() => readSchedulerConfig({ _class_name: "toString" })).toThrow("got toString");
    expect(() => readSchedulerConfig({ _class_name: "AmusedScheduler" })).toThrow(
      "_class_name must be another than AmusedScheduler: it samples discrete tokens",
    );
    expect(() => readSchedulerConfig({ _class_name: ["DDIMScheduler"] })).toThrow(
      'got ["DDIMScheduler"]',
    );
    expect(() => readSchedulerConfig("[1]")).toThrow("scheduler config must be a JSON object");
    expect(() => readSchedulerConfig("{")).toThrow(notJson);
  });
});

describe("writeSchedulerConfig", () => {
  test("what was read is written back letter for letter", () => {
    expect(writeSchedulerConfig(readSchedulerConfig(STABLE_DIFFUSION))).toBe(STABLE_DIFFUSION);
  });

  test.each(Object.keys(schedulerClasses))("a config of %s is written back", (_class_name) => {
    for (const config of [{ _class_name }, { _class_name, ...schedulerClasses[_class_name] }]) {
      const text = writeSchedulerConfig(readSchedulerConfig(config));
      expect(readSchedulerConfig(text).config).toEqual(config);
    }
  });

  test("numbers that only Python writes survive", () => {
    const text = `{
  "_class_name": "DPMSolverMultistepScheduler",
  "lambda_min_clipped": -Infinity,
  "note": "NaN, \\"Infinity\\" and -Infinity",
  "other": [
    NaN,
    Infinity
  ]
}
`;
    const config = readSchedulerConfig(text);
    expect(config.config.lambda_min_clipped).toBe(-Infinity);
    expect(config.unknown).toEqual(["note", "other"]);
    expect(writeSchedulerConfig(config)).toBe(text);
  });

  test("strings with control characters, marks and names of numbers survive", () => {
    const strings = [
      "\u0000Infinity",
      "\ue000NaN",
      "\ue000\ue000",
      "NaN",
      '"',
      "\\",
      "a\nb\tc",
      "\ud800",
    ];
    const odd = Object.fromEntries(strings.map((text, i) => [`${text}${i}`, text]));
    const written = JSON.stringify({ _class_name: "DDIMScheduler", list: strings, ...odd });
    for (const text of [written, written.replaceAll("\ue000", "\\uE000")]) {
      const { config } = readSchedulerConfig(text);
      expect(config).toEqual(JSON.parse(text));
      const again = readSchedulerConfig(writeSchedulerConfig(readSchedulerConfig(text)));
      expect(again.config).toEqual(config);
    }
  });

  test("keys that every object has are fields like others", () => {
    const text =
      '{"_class_name":"DDIMScheduler","constructor":1,"__proto__":{"beta_start":5},"toString":"x"}';
    const config = readSchedulerConfig(text);
    expect(config.unknown).toEqual(["constructor", "toString"]);
    expect(config.settings.beta_start).toBe(0.0001);
    expect(JSON.parse(writeSchedulerConfig(config))).toEqual(JSON.parse(text));
  });

  test("what was changed is written, the rest is left alone", () => {
    const config = readSchedulerConfig(STABLE_DIFFUSION);
    const text = writeSchedulerConfig({ ...config, predictionType: "v", clip: 2 });
    const before = JSON.parse(STABLE_DIFFUSION);
    expect(JSON.parse(text)).toEqual({
      ...before,
      prediction_type: "v_prediction",
      clip_sample: true,
      clip_sample_range: 2,
    });
  });

  test("every schedule comes back with the same betas", () => {
    const schedules = [
      linearSchedule({ steps: 20, betaEnd: 0.3 }),
      scaledLinearSchedule({ steps: 20, rescaleBetasZeroSnr: true }),
      sigmoidSchedule({ steps: 20 }),
      cosineSchedule({ steps: 20 }),
      cosineSchedule({ steps: 20, maxBeta: 0.5 }),
      laplaceSchedule({ steps: 20 }),
      expSchedule({ steps: 20 }),
      scheduleFromBetas([0.1, 0.2, 0.5]),
      scheduleFromBetas([0.1, 0.2, 0.5], { rescaleBetasZeroSnr: true }),
    ];
    for (const schedule of schedules) {
      const text = writeSchedulerConfig({ schedule, predictionType: "v" });
      const read = readSchedulerConfig(text);
      expect(read.schedule.betas).toEqual(schedule.betas);
      expect(read.predictionType).toBe("v");
      expect(read.clip).toBe(null);
      expect(read.unknown).toEqual([]);
      expect(writeSchedulerConfig(read)).toBe(text);
    }
  });

  test("a new file is a DDIMScheduler's, or a DDPMScheduler's where a variance type is set", () => {
    const written = (more: object) =>
      JSON.parse(writeSchedulerConfig({ schedule: linearSchedule(), ...more }))._class_name;
    expect(written({})).toBe("DDIMScheduler");
    expect(written({ varianceType: "learned_range" })).toBe("DDPMScheduler");
  });

  test("a beta schedule that its class does not know is written as betas", () => {
    const { schedule } = readSchedulerConfig(
      writeSchedulerConfig({ schedule: sigmoidSchedule({ steps: 9 }) }),
    );
    expect(schedule.spec.kind).toBe("betas");
    const own = writeSchedulerConfig({
      schedule: sigmoidSchedule({ steps: 9 }),
      className: "DDPMScheduler",
    });
    expect(readSchedulerConfig(own).schedule.spec.kind).toBe("sigmoid");
  });

  test("a new file spells out the class's fields, its name first", () => {
    const text = writeSchedulerConfig({
      className: "DDIMScheduler",
      schedule: linearSchedule({ setAlphaToOne: false }),
      clip: 1,
      spacing: "trailing",
      offset: 1,
      thresholding: { ratio: 0.9, max: 2 },
    });
    const fields = JSON.parse(text);
    expect(Object.keys(fields)[0]).toBe("_class_name");
    expect(fields).toMatchObject({
      _class_name: "DDIMScheduler",
      beta_schedule: "linear",
      clip_sample: true,
      dynamic_thresholding_ratio: 0.9,
      sample_max_value: 2,
      set_alpha_to_one: false,
      steps_offset: 1,
      thresholding: true,
      timestep_spacing: "trailing",
      trained_betas: null,
    });
  });

  test("what a class cannot say is refused", () => {
    const schedule = linearSchedule({ setAlphaToOne: false });
    expect(() => writeSchedulerConfig({ schedule, varianceType: "fixed_small" })).toThrow(
      "set_alpha_to_one must be left out for DDPMScheduler, got false",
    );
    expect(() => writeSchedulerConfig({ className: "EulerDiscreteScheduler", schedule })).toThrow(
      "set_alpha_to_one must be left out for EulerDiscreteScheduler",
    );
    expect(() => writeSchedulerConfig({ className: "X", schedule })).toThrow("_class_name must be");
  });
});

test.each([
  ["DPMSolverMultistepScheduler", "solver_type", "foo", "one of midpoint, heun, logrho, bh1, bh2"],
  ["DPMSolverMultistepScheduler", "algorithm_type", "DPMSolver++", "one of dpmsolver++, dpmsolver"],
  ["DPMSolverMultistepScheduler", "lower_order_final", "no", "true or false"],
  ["UniPCMultistepScheduler", "solver_type", "bh3", "one of midpoint, heun, logrho, bh1, bh2"],
  ["UniPCMultistepScheduler", "lower_order_final", 1, "true or false"],
  ["DDIMScheduler", "timestep_spacing", "Trailing", "one of leading, trailing, linspace"],
  ["DDIMScheduler", "clip_sample", "False", "true or false"],
  ["FlowMatchEulerDiscreteScheduler", "time_shift_type", "exp", "one of exponential, linear"],
])("a typo in %s's %s is refused", (name, field, value, allowed) => {
  expect(() => readSchedulerConfig({ _class_name: name, [field]: value })).toThrow(
    `${field} must be ${allowed}`,
  );
});
