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

  test("contradictions are refused with the reason", () => {
    const read = (fields: object) => () => readSchedulerConfig(ddim(fields));
    expect(read({ rescale_betas_zero_snr: true })).toThrow(
      "prediction_type must be v_prediction or sample where rescale_betas_zero_snr is true",
    );
    expect(read({ rescale_betas_zero_snr: true, prediction_type: "sample" })).not.toThrow();
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
      "beta_schedule must be one of linear, scaled_linear, squaredcos_cap_v2, sigmoid, laplace",
    );
    expect(read({ prediction_type: "flow" })).toThrow("prediction_type must be one of");
    expect(read({ num_train_timesteps: 0 })).toThrow("num_train_timesteps must be a positive");
    expect(read({ clip_sample: 1 })).toThrow("clip_sample must be true or false, got 1");
    expect(read({ trained_betas: [0.1, 2] })).toThrow("trained_betas must be null or a list");
    expect(read({ timestep_spacing: "even" })).toThrow("timestep_spacing must be one of");
    expect(read({ sample_max_value: 0.5 })).toThrow("sample_max_value must be a number, 1 or more");
    expect(() => readSchedulerConfig({})).toThrow("_class_name must be one of DDPMScheduler");
    expect(() => readSchedulerConfig({ _class_name: "toString" })).toThrow("got toString");
    expect(() => readSchedulerConfig("[1]")).toThrow("scheduler config must be a JSON object");
    expect(() => readSchedulerConfig("{")).toThrow(SyntaxError);
  });
});

describe("writeSchedulerConfig", () => {
  test("what was read is written back letter for letter", () => {
    expect(writeSchedulerConfig(readSchedulerConfig(STABLE_DIFFUSION))).toBe(STABLE_DIFFUSION);
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
    expect(() => writeSchedulerConfig({ schedule })).toThrow(
      "set_alpha_to_one must be left out for DDPMScheduler, got false",
    );
    expect(() =>
      writeSchedulerConfig({ schedule: linearSchedule({ steps: 9, rescaleBetasZeroSnr: true }) }),
    ).toThrow("prediction_type must be v_prediction or sample");
    expect(() => writeSchedulerConfig({ className: "X", schedule })).toThrow("_class_name must be");
  });
});
