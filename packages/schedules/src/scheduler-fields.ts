import type { JsonValue } from "./python-json.ts";

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

/** What each field that shapes a schedule or a step may be, in words and as a test. */
const FIELDS: Readonly<Record<string, Check>> = /* @__PURE__ */ (() => ({
  num_train_timesteps: number(
    "a positive integer",
    (value) => Number.isInteger(value) && value > 0,
  ),
  beta_start: BETA,
  beta_end: BETA,
  beta_schedule: oneOf("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace"),
  trained_betas: [
    "null or a list of numbers in [0, 1]",
    (value: JsonValue) =>
      value === null ||
      (Array.isArray(value) && value.length > 0 && value.every((beta) => BETA[1](beta))),
  ] as Check,
  prediction_type: oneOf("epsilon", "sample", "v_prediction", "flow_prediction"),
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
  solver_order: number("1, 2 or 3", (value) => value === 1 || value === 2 || value === 3),
}))();

const DYNAMIC = ["base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len"];

/** Throws RangeError naming the first field whose value is not allowed. */
export function checkFields(settings: Readonly<Record<string, JsonValue>>): void {
  for (const [name, value] of Object.entries(settings)) {
    const check = FIELDS[name];
    if (check && !check[1](value)) {
      throw new RangeError(`${name} must be ${check[0]}, got ${JSON.stringify(value)}`);
    }
  }
  const { num_train_timesteps: length, trained_betas: betas, steps_offset: offset } = settings;
  if (Array.isArray(betas) && betas.length !== length) {
    throw new RangeError(
      `trained_betas must be as many as num_train_timesteps, ${length}, got ${betas.length}`,
    );
  }
  if (typeof offset === "number" && offset >= Number(length)) {
    throw new RangeError(
      `steps_offset must be below num_train_timesteps, ${length}, got ${offset}`,
    );
  }
  if (settings.rescale_betas_zero_snr === true && settings.prediction_type === "epsilon") {
    throw new RangeError(
      "prediction_type must be v_prediction or sample where rescale_betas_zero_snr is true: " +
        "at zero signal epsilon says nothing of the sample, got epsilon",
    );
  }
  if (settings.prediction_type === "flow_prediction" && settings.use_flow_sigmas !== true) {
    throw new RangeError(
      "use_flow_sigmas must be true where prediction_type is flow_prediction: a flow's velocity " +
        `belongs to a flow's levels, got ${settings.use_flow_sigmas}`,
    );
  }
  const lengths = [settings.base_image_seq_len, settings.max_image_seq_len];
  if (settings.use_dynamic_shifting === true && settings.base_image_seq_len !== undefined) {
    const missing = DYNAMIC.find((name) => typeof settings[name] !== "number");
    if (missing) {
      throw new RangeError(`${missing} must be a number where use_dynamic_shifting is true`);
    }
    if (Number(lengths[0]) >= Number(lengths[1])) {
      throw new RangeError(
        `base_image_seq_len must be below max_image_seq_len, ${lengths[1]}, got ${lengths[0]}`,
      );
    }
  }
  const sigmas = Object.keys(settings).filter(
    (name) => /^use_(karras|exponential|beta|flow)_sigmas$/.test(name) && settings[name] === true,
  );
  if (sigmas.length > 1) {
    throw new RangeError(`at most one of ${sigmas.join(", ")} may be true, got ${sigmas.length}`);
  }
}
