import { ArgumentError, refused, shown } from "@gen/math/arguments";
import type { JsonValue } from "@gen/math/json";
import { MAX_TRAIN_TIMESTEPS } from "./limits.ts";

type Check = readonly [allowed: string, test: (value: JsonValue) => boolean];

const number = (allowed: string, test: (value: number) => boolean): Check => [
  allowed,
  (value) => typeof value === "number" && test(value),
];

const oneOf = (...names: string[]): Check => [
  `one of ${names.join(", ")}`,
  (value) => typeof value === "string" && names.includes(value),
];

const orNull = ([allowed, test]: Check): Check => [
  `null or ${allowed}`,
  (value) => value === null || test(value),
];

const BOOLEAN: Check = ["true or false", (value) => typeof value === "boolean"];
const POSITIVE = number("a positive number", (value) => value > 0 && value < Infinity);
const BETA = number("a number in [0, 1]", (value) => value >= 0 && value <= 1);

const COUNT = number(
  `a positive integer of at most ${MAX_TRAIN_TIMESTEPS}`,
  (value) => Number.isInteger(value) && value > 0 && value <= MAX_TRAIN_TIMESTEPS,
);
const ORDER = number("an integer from 1 to 4", (value) => [1, 2, 3, 4].includes(value));

/** What each field that shapes a schedule or a step may be, in words and as a test. */
const FIELDS: Readonly<Record<string, Check>> = /* @__PURE__ */ (() => ({
  num_train_timesteps: COUNT,
  beta_start: BETA,
  beta_end: BETA,
  beta_schedule: oneOf("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace", "exp"),
  trained_betas: [
    "null or a list of numbers in [0, 1]",
    (value: JsonValue) =>
      value === null ||
      (Array.isArray(value) && value.length > 0 && value.every((beta) => BETA[1](beta))),
  ] as Check,
  prediction_type: oneOf("epsilon", "sample", "v_prediction", "flow_prediction", "trigflow"),
  clip_sample: BOOLEAN,
  clip_sample_range: number("a positive number", (value) => value > 0),
  thresholding: BOOLEAN,
  dynamic_thresholding_ratio: number("a number in (0, 1]", (value) => value > 0 && value <= 1),
  sample_max_value: number("a number, 1 or more", (value) => value >= 1),
  set_alpha_to_one: BOOLEAN,
  steps_offset: number("an integer, 0 or more", (value) => Number.isInteger(value) && value >= 0),
  timestep_spacing: oneOf("leading", "trailing", "linspace"),
  rescale_betas_zero_snr: BOOLEAN,
  use_karras_sigmas: orNull(BOOLEAN),
  use_exponential_sigmas: orNull(BOOLEAN),
  use_beta_sigmas: orNull(BOOLEAN),
  use_flow_sigmas: orNull(BOOLEAN),
  flow_shift: POSITIVE,
  shift: POSITIVE,
  use_dynamic_shifting: BOOLEAN,
  base_shift: orNull(number("a number", Number.isFinite)),
  max_shift: orNull(number("a number", Number.isFinite)),
  base_image_seq_len: orNull(POSITIVE),
  max_image_seq_len: orNull(POSITIVE),
  invert_sigmas: BOOLEAN,
  shift_terminal: orNull(number("a number in [0, 1)", (value) => value >= 0 && value < 1)),
  time_shift_type: oneOf("exponential", "linear"),
  stochastic_sampling: BOOLEAN,
  solver_order: number("a positive integer", (value) => Number.isInteger(value) && value > 0),
  predictor_order: ORDER,
  corrector_order: ORDER,
  algorithm_type: oneOf(
    ...["dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver", "deis"],
    ...["data_prediction", "noise_prediction"],
  ),
  solver_type: oneOf("midpoint", "heun", "logrho", "bh1", "bh2"),
  lower_order_final: BOOLEAN,
  euler_at_final: BOOLEAN,
  use_lu_lambdas: orNull(BOOLEAN),
  final_sigmas_type: oneOf("zero", "sigma_min"),
  lambda_min_clipped: number("a number or -Infinity", (value) => value < Infinity),
  predict_x0: BOOLEAN,
  disable_corrector: [
    "a list of integers",
    (value: JsonValue) => Array.isArray(value) && value.every(Number.isInteger),
  ] as Check,
  solver_p: [
    "null: a solver of another class is not taken from a config",
    (value: JsonValue) => value === null,
  ] as Check,
  tau_func: ["null", (value: JsonValue) => value === null] as Check,
  interpolation_type: oneOf("linear", "log_linear"),
  timestep_type: orNull(oneOf("discrete", "continuous")),
  sigma_min: orNull(POSITIVE),
  sigma_max: orNull(POSITIVE),
  sigma_data: POSITIVE,
  sigma_schedule: oneOf("karras", "exponential"),
  rho: POSITIVE,
  s_noise: number("a number, 0 or more", (value) => value >= 0 && value < Infinity),
  clip_denoised: BOOLEAN,
  skip_prk_steps: BOOLEAN,
  original_inference_steps: COUNT,
  timestep_scaling: number("a number, 0 or more", (value) => value >= 0 && value < Infinity),
  snr_shift_scale: POSITIVE,
  s: number("a number, 0 or more", (value) => value >= 0 && value < 1),
  scaler: POSITIVE,
  snr: POSITIVE,
  sampling_eps: number("a number in (0, 1)", (value) => value > 0 && value < 1),
  correct_steps: number("an integer, 0 or more", (value) => Number.isInteger(value) && value >= 0),
  eta: number("a number in [0, 1]", (value) => value >= 0 && value <= 1),
}))();

const DYNAMIC = ["base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len"];

const BETA_SCHEDULES = ["linear", "scaled_linear", "squaredcos_cap_v2"];
/** The beta schedules of the classes that do not have the usual three. */
const OTHER_SCHEDULES: Readonly<Record<string, readonly string[]>> = {
  DDPMScheduler: [...BETA_SCHEDULES, "sigmoid", "laplace"],
  DDPMParallelScheduler: [...BETA_SCHEDULES, "sigmoid", "laplace"],
  HeunDiscreteScheduler: [...BETA_SCHEDULES, "exp"],
  UnCLIPScheduler: ["squaredcos_cap_v2"],
};

const DDPM_VARIANCES = [
  ...["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"],
  // learned_log is this library's own.
  ...["learned", "learned_log", "learned_range"],
];
/** The variance types of the classes whose steps add one. */
const VARIANCE_TYPES: Readonly<Record<string, readonly string[]>> = {
  DDPMScheduler: DDPM_VARIANCES,
  DDPMParallelScheduler: DDPM_VARIANCES,
  UnCLIPScheduler: ["fixed_small_log", "learned_range"],
};

/** The beta schedules that a class knows. */
export const betaSchedulesOf = (className: string): readonly string[] =>
  OTHER_SCHEDULES[className] ?? BETA_SCHEDULES;

/** What makes a field count: another field that is true. */
const COUNTS_WITH: Readonly<Record<string, string>> = {
  clip_sample_range: "clip_sample",
  dynamic_thresholding_ratio: "thresholding",
  sample_max_value: "thresholding",
  flow_shift: "use_flow_sigmas",
};

/** Fields that a class has and does not heed. */
const PASSED_OVER: Readonly<Record<string, readonly string[]>> = {
  LCMScheduler: ["timestep_spacing", "steps_offset"],
  TCDScheduler: [
    ...["timestep_spacing", "steps_offset", "timestep_scaling"],
    ...["clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value"],
  ],
  CogVideoXDDIMScheduler: ["clip_sample_range", "sample_max_value"],
  CogVideoXDPMScheduler: ["clip_sample_range", "sample_max_value"],
};

/** Whether a field may be null, because nothing depends on it. */
function isUnused(
  className: string,
  name: string,
  settings: Readonly<Record<string, JsonValue>>,
): boolean {
  if (PASSED_OVER[className]?.includes(name)) return true;
  if (name === "beta_start" || name === "beta_end") {
    return Array.isArray(settings.trained_betas) || settings.beta_schedule === "squaredcos_cap_v2";
  }
  if (name === "clip_sample_range" && settings.thresholding === true) return true;
  const needs = COUNTS_WITH[name];
  return needs !== undefined && settings[needs] !== true;
}

/** Throws RangeError naming the first field whose value is not allowed. */
export function checkFields(
  className: string,
  settings: Readonly<Record<string, JsonValue>>,
): void {
  for (const [name, value] of Object.entries(settings)) {
    const check = FIELDS[name];
    const listed = name === "beta_schedule" && Array.isArray(settings.trained_betas);
    if (listed || (value === null && isUnused(className, name, settings))) continue;
    if (check && !check[1](value)) {
      throw refused(name, check[0], value);
    }
  }
  const { solver_order: order } = settings;
  if (Number(order) > 3 && className !== "UniPCMultistepScheduler") {
    throw new ArgumentError(`solver_order must be 1, 2 or 3 for ${className}, got ${order}`);
  }
  const schedules = betaSchedulesOf(className);
  const name = settings.beta_schedule;
  if (typeof name === "string" && settings.trained_betas == null && !schedules.includes(name)) {
    throw new ArgumentError(
      `beta_schedule must be one of ${schedules.join(", ")} for ${className}, got ${name}`,
    );
  }
  const variances = VARIANCE_TYPES[className];
  const variance = settings.variance_type;
  if (variances && !(typeof variance === "string" && variances.includes(variance))) {
    throw new ArgumentError(
      `variance_type must be one of ${variances.join(", ")} for ${className}, got ` +
        (typeof variance === "string" ? variance : shown(variance)),
    );
  }
  const { num_train_timesteps: length, trained_betas: betas, steps_offset: offset } = settings;
  if (Array.isArray(betas) && betas.length !== length && className !== "IPNDMScheduler") {
    throw new ArgumentError(
      `trained_betas must be as many as num_train_timesteps, ${length}, got ${betas.length}`,
    );
  }
  // Classes that spread sigmas look levels up within the schedule; distilled ones space otherwise.
  const interpolates = "use_karras_sigmas" in settings || "timestep_scaling" in settings;
  const leads = settings.timestep_spacing === "leading" && !interpolates;
  if (leads && Number(offset) >= Number(length)) {
    throw new ArgumentError(
      `steps_offset must be below num_train_timesteps, ${length}, got ${offset}`,
    );
  }
  const lengths = [settings.base_image_seq_len, settings.max_image_seq_len];
  if (settings.use_dynamic_shifting === true && settings.base_image_seq_len !== undefined) {
    const missing = DYNAMIC.find((name) => typeof settings[name] !== "number");
    if (missing) {
      throw new ArgumentError(`${missing} must be a number where use_dynamic_shifting is true`);
    }
    if (Number(lengths[0]) >= Number(lengths[1])) {
      throw new ArgumentError(
        `base_image_seq_len must be below max_image_seq_len, ${lengths[1]}, got ${lengths[0]}`,
      );
    }
  }
  const sigmas = Object.keys(settings).filter(
    (name) => /^use_(karras|exponential|beta)_sigmas$/.test(name) && settings[name] === true,
  );
  if (sigmas.length > 1) {
    throw new ArgumentError(
      `at most one of ${sigmas.join(", ")} may be true, got ${sigmas.length}`,
    );
  }
}
