import type { JsonValue } from "./python-json.ts";

/** The value each field of a diffusers scheduler class takes when its config leaves it out. */
export type SchedulerDefaults = Readonly<Record<string, JsonValue>>;

const BETAS = {
  num_train_timesteps: 1000,
  beta_start: 0.0001,
  beta_end: 0.02,
  beta_schedule: "linear",
  trained_betas: null,
  prediction_type: "epsilon",
  steps_offset: 0,
  rescale_betas_zero_snr: false,
};

const CLIPPING = { clip_sample: true, clip_sample_range: 1 };

const THRESHOLDING = {
  thresholding: false,
  dynamic_thresholding_ratio: 0.995,
  sample_max_value: 1,
};

const DDPM: SchedulerDefaults = {
  ...BETAS,
  ...CLIPPING,
  ...THRESHOLDING,
  variance_type: "fixed_small",
  timestep_spacing: "leading",
};

const DDIM: SchedulerDefaults = {
  ...BETAS,
  ...CLIPPING,
  ...THRESHOLDING,
  set_alpha_to_one: true,
  timestep_spacing: "leading",
};

const SIGMAS = {
  use_karras_sigmas: false,
  use_exponential_sigmas: false,
  use_beta_sigmas: false,
};

const FLOW_SIGMAS = { use_flow_sigmas: false, flow_shift: 1 };

const without = (defaults: SchedulerDefaults, ...names: string[]): SchedulerDefaults =>
  Object.fromEntries(Object.entries(defaults).filter(([name]) => !names.includes(name)));

const DPM: SchedulerDefaults = {
  ...BETAS,
  ...THRESHOLDING,
  ...SIGMAS,
  ...FLOW_SIGMAS,
  solver_order: 2,
  algorithm_type: "dpmsolver++",
  solver_type: "midpoint",
  final_sigmas_type: "zero",
  lambda_min_clipped: -Infinity,
  variance_type: null,
  use_dynamic_shifting: false,
  time_shift_type: "exponential",
};

/**
 * Settings that no table of steps here follows when they are not as given: a config that has them
 * otherwise is understood, but not built.
 */
export const notBuilt: SchedulerDefaults = {
  final_sigmas_type: "zero",
  euler_at_final: false,
  use_lu_lambdas: false,
  lambda_min_clipped: -Infinity,
  predict_x0: true,
  disable_corrector: [],
  solver_p: null,
  interpolation_type: "linear",
  timestep_type: "discrete",
  sigma_min: null,
  sigma_max: null,
  invert_sigmas: false,
};

/** The fields and defaults of every scheduler class whose config is understood. */
export const schedulerClasses = /* @__PURE__ */ (() =>
  ({
    DDPMScheduler: DDPM,
    DDPMParallelScheduler: DDPM,
    DDIMScheduler: DDIM,
    DDIMParallelScheduler: DDIM,
    DDIMInverseScheduler: without(DDIM, ...Object.keys(THRESHOLDING)),
    PNDMScheduler: {
      ...without(BETAS, "rescale_betas_zero_snr"),
      skip_prk_steps: false,
      set_alpha_to_one: false,
      timestep_spacing: "leading",
    },
    LCMScheduler: {
      ...DDIM,
      beta_start: 0.00085,
      beta_end: 0.012,
      beta_schedule: "scaled_linear",
      original_inference_steps: 50,
      clip_sample: false,
      timestep_scaling: 10,
    },
    DPMSolverMultistepScheduler: {
      ...DPM,
      lower_order_final: true,
      euler_at_final: false,
      use_lu_lambdas: false,
      timestep_spacing: "linspace",
    },
    DPMSolverSinglestepScheduler: {
      ...without(DPM, "steps_offset", "rescale_betas_zero_snr"),
      lower_order_final: false,
    },
    UniPCMultistepScheduler: {
      ...BETAS,
      ...THRESHOLDING,
      ...SIGMAS,
      ...FLOW_SIGMAS,
      solver_order: 2,
      predict_x0: true,
      solver_type: "bh2",
      lower_order_final: true,
      disable_corrector: [],
      solver_p: null,
      timestep_spacing: "linspace",
      final_sigmas_type: "zero",
      use_dynamic_shifting: false,
      time_shift_type: "exponential",
      sigma_min: null,
      sigma_max: null,
      shift_terminal: null,
    },
    EulerDiscreteScheduler: {
      ...BETAS,
      ...SIGMAS,
      interpolation_type: "linear",
      sigma_min: null,
      sigma_max: null,
      timestep_spacing: "linspace",
      timestep_type: "discrete",
      final_sigmas_type: "zero",
    },
    EulerAncestralDiscreteScheduler: { ...BETAS, timestep_spacing: "linspace" },
    HeunDiscreteScheduler: {
      ...without(BETAS, "rescale_betas_zero_snr"),
      ...SIGMAS,
      beta_start: 0.00085,
      beta_end: 0.012,
      clip_sample: false,
      clip_sample_range: 1,
      timestep_spacing: "linspace",
    },
    FlowMatchEulerDiscreteScheduler: {
      num_train_timesteps: 1000,
      shift: 1,
      use_dynamic_shifting: false,
      base_shift: 0.5,
      max_shift: 1.15,
      base_image_seq_len: 256,
      max_image_seq_len: 4096,
      invert_sigmas: false,
      shift_terminal: null,
      ...SIGMAS,
      time_shift_type: "exponential",
      stochastic_sampling: false,
    },
  }) as Readonly<Record<string, SchedulerDefaults>>)();
