import type { JsonValue } from "@gen/math/json";

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

const CONSISTENCY: SchedulerDefaults = {
  ...DDIM,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  original_inference_steps: 50,
  clip_sample: false,
  timestep_scaling: 10,
};

const COG_VIDEO_X: SchedulerDefaults = {
  ...without(DDIM, "thresholding", "dynamic_thresholding_ratio"),
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  snr_shift_scale: 3,
};

const SECOND_ORDER: SchedulerDefaults = {
  ...without(BETAS, "rescale_betas_zero_snr"),
  ...SIGMAS,
  beta_start: 0.00085,
  beta_end: 0.012,
  timestep_spacing: "linspace",
};

const EDM: SchedulerDefaults = {
  sigma_min: 0.002,
  sigma_max: 80,
  sigma_data: 0.5,
  sigma_schedule: "karras",
  num_train_timesteps: 1000,
  prediction_type: "epsilon",
  rho: 7,
  final_sigmas_type: "zero",
};

const FLOW_MATCH: SchedulerDefaults = {
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
    LCMScheduler: CONSISTENCY,
    TCDScheduler: CONSISTENCY,
    DPMSolverMultistepScheduler: {
      ...DPM,
      lower_order_final: true,
      euler_at_final: false,
      use_lu_lambdas: false,
      timestep_spacing: "linspace",
    },
    DPMSolverMultistepInverseScheduler: {
      ...without(
        DPM,
        "final_sigmas_type",
        "rescale_betas_zero_snr",
        "use_dynamic_shifting",
        "time_shift_type",
      ),
      lower_order_final: true,
      euler_at_final: false,
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
    HeunDiscreteScheduler: { ...SECOND_ORDER, clip_sample: false, clip_sample_range: 1 },
    KDPM2DiscreteScheduler: SECOND_ORDER,
    KDPM2AncestralDiscreteScheduler: SECOND_ORDER,
    DPMSolverSDEScheduler: { ...SECOND_ORDER, noise_sampler_seed: null },
    LMSDiscreteScheduler: {
      ...without(BETAS, "rescale_betas_zero_snr"),
      ...SIGMAS,
      timestep_spacing: "linspace",
    },
    DEISMultistepScheduler: {
      ...without(BETAS, "rescale_betas_zero_snr"),
      ...THRESHOLDING,
      ...SIGMAS,
      ...FLOW_SIGMAS,
      solver_order: 2,
      algorithm_type: "deis",
      solver_type: "logrho",
      lower_order_final: true,
      timestep_spacing: "linspace",
      use_dynamic_shifting: false,
      time_shift_type: "exponential",
    },
    SASolverScheduler: {
      ...without(BETAS, "rescale_betas_zero_snr"),
      ...THRESHOLDING,
      ...SIGMAS,
      ...FLOW_SIGMAS,
      predictor_order: 2,
      corrector_order: 2,
      tau_func: null,
      algorithm_type: "data_prediction",
      lower_order_final: true,
      lambda_min_clipped: -Infinity,
      variance_type: null,
      timestep_spacing: "linspace",
    },
    IPNDMScheduler: { num_train_timesteps: 1000, trained_betas: null },
    UnCLIPScheduler: {
      num_train_timesteps: 1000,
      variance_type: "fixed_small_log",
      clip_sample: true,
      clip_sample_range: 1,
      prediction_type: "epsilon",
      beta_schedule: "squaredcos_cap_v2",
    },
    DDPMWuerstchenScheduler: { scaler: 1, s: 0.008 },
    CogVideoXDDIMScheduler: COG_VIDEO_X,
    CogVideoXDPMScheduler: COG_VIDEO_X,
    ConsistencyDecoderScheduler: { num_train_timesteps: 1024, sigma_data: 0.5 },
    EDMEulerScheduler: EDM,
    EDMDPMSolverMultistepScheduler: {
      ...EDM,
      ...THRESHOLDING,
      solver_order: 2,
      algorithm_type: "dpmsolver++",
      solver_type: "midpoint",
      lower_order_final: true,
      euler_at_final: false,
    },
    CMStochasticIterativeScheduler: {
      num_train_timesteps: 40,
      sigma_min: 0.002,
      sigma_max: 80,
      sigma_data: 0.5,
      s_noise: 1,
      rho: 7,
      clip_denoised: true,
    },
    SCMScheduler: { num_train_timesteps: 1000, prediction_type: "trigflow", sigma_data: 0.5 },
    ScoreSdeVeScheduler: {
      num_train_timesteps: 2000,
      snr: 0.15,
      sigma_min: 0.01,
      sigma_max: 1348,
      sampling_eps: 1e-5,
      correct_steps: 1,
    },
    FlowMatchEulerDiscreteScheduler: { ...FLOW_MATCH, stochastic_sampling: false },
    FlowMatchHeunDiscreteScheduler: { num_train_timesteps: 1000, shift: 1 },
    FlowMatchLCMScheduler: { ...FLOW_MATCH, scale_factors: null, upscale_mode: "bicubic" },
    FlowMapEulerDiscreteScheduler: { num_train_timesteps: 1000, shift: 1 },
    LTXEulerAncestralRFScheduler: { num_train_timesteps: 1000, eta: 1, s_noise: 1 },
  }) as Readonly<Record<string, SchedulerDefaults>>)();
