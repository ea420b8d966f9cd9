import { GenError, type PredictionType } from "@gen/math";
import { ArgumentError, checkOptions, refused, rules, shown } from "@gen/math/arguments";
import { type JsonValue, parseJson } from "@gen/math/json";
import { cosineSchedule, expSchedule, laplaceSchedule } from "./alpha-bar-schedule.ts";
import { flowSchedule } from "./flow-schedule.ts";
import type { FlowSettings } from "./flow-sigmas.ts";
import { MAX_CONFIG_LENGTH } from "./limits.ts";
import { linearSchedule, scaledLinearSchedule, sigmoidSchedule } from "./linear-schedule.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";
import { formatPythonJson } from "./python-json.ts";
import { scheduleFromBetas } from "./schedule-from-betas.ts";
import { schedulerClasses } from "./scheduler-classes.ts";
import { betaSchedulesOf, checkFields } from "./scheduler-fields.ts";
import { shiftedSchedule } from "./shifted-schedule.ts";

/** Fields of a scheduler_config.json by name. */
type Fields = Readonly<Record<string, JsonValue>>;

/** What a diffusers scheduler_config.json says, in this library's terms. */
export interface SchedulerConfig {
  /** The scheduler class, such as "DDIMScheduler". */
  readonly className: string;
  /** The noise schedule of the training. */
  readonly schedule: NoiseSchedule;
  /** What the denoiser predicts. */
  readonly predictionType: PredictionType;
  /** Bound of the clean estimate's values, or null where it is not clipped. */
  readonly clip: number | null;
  /** Dynamic thresholding (Saharia et al. 2022), which goes before clipping, or null. */
  readonly thresholding: { readonly ratio: number; readonly max: number } | null;
  /** How the time steps are spread, see `timesteps`. */
  readonly spacing: "leading" | "trailing" | "linspace";
  /** Added to every step of the leading spacing. */
  readonly offset: number;
  /** diffusers' variance_type, or null for a class that has none. */
  readonly varianceType: string | null;
  /** How a flow is sampled, for `flowSigmas`; null where the class samples no flow. */
  readonly flow: FlowSettings | null;
  /** Whether each step goes to the clean estimate and adds fresh noise (stochastic_sampling). */
  readonly stochastic: boolean;
  /** Every field that the class has, by diffusers' name, defaults filled in. */
  readonly settings: Fields;
  /** The file's own fields, unchanged. */
  readonly config: Fields;
  /** The file's fields that the class does not have; kept when written, but without effect. */
  readonly unknown: readonly string[];
}

/** What {@link writeSchedulerConfig} needs at least. */
export type SchedulerConfigInput = Pick<SchedulerConfig, "schedule"> & Partial<SchedulerConfig>;

/**
 * Reads a diffusers scheduler_config.json, given as its text or as the parsed object.
 *
 * @param config The file's text, or the object that it holds.
 * @throws GenError `invalid-data` when the text is no JSON or longer than 4 Mi characters, the class
 * is not supported, a value is not allowed, or two settings contradict each other (the message says
 * why).
 */
export function readSchedulerConfig(config: string | object): SchedulerConfig {
  const name = "scheduler config";
  const parsed =
    typeof config === "string" ? parseJson(config, { name, limit: MAX_CONFIG_LENGTH }) : config;
  if (!rules.OBJECT[1](parsed)) {
    throw new GenError("invalid-data", `${name} must be a JSON object, got ${shown(parsed)}`);
  }
  try {
    return configOf(parsed as Fields);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new GenError("invalid-data", cause.message, { cause });
  }
}

/** @throws RangeError when a field's value is not allowed, or two contradict each other. */
function configOf(config: Fields): SchedulerConfig {
  const className = classNameOf(config);
  const defaults = schedulerClasses[className];
  const settings = settingsOf(className, config);
  const betas = settings.trained_betas;
  if (Array.isArray(betas))
    settings.num_train_timesteps = config.num_train_timesteps ?? betas.length;
  checkFields(className, settings);
  return {
    className,
    schedule: scheduleOf(className, settings),
    predictionType: predictionOf(className, settings),
    clip: settings.clip_sample ? (settings.clip_sample_range as number) : null,
    thresholding: settings.thresholding
      ? {
          ratio: settings.dynamic_thresholding_ratio as number,
          max: settings.sample_max_value as number,
        }
      : null,
    spacing: (settings.timestep_spacing ?? "linspace") as SchedulerConfig["spacing"],
    offset: (settings.steps_offset ?? 0) as number,
    varianceType: (settings.variance_type ?? null) as string | null,
    flow: "shift" in settings ? flowOf(settings) : null,
    stochastic: settings.stochastic_sampling === true,
    settings,
    config,
    unknown: Object.keys(config).filter(
      (name) =>
        !Object.hasOwn(defaults, name) &&
        !Object.hasOwn(settings, name) &&
        !name.startsWith("_") &&
        !READ_BESIDES.has(name),
    ),
  };
}

// Fields that no class has any longer, and that are read.
const READ_BESIDES: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "predict_epsilon",
  "set_alpha_to_zero",
]);

const saysSample = (config: Fields) =>
  config.predict_epsilon === false && config.prediction_type === undefined;

/** The file's fields, with the class's defaults and what fields of old versions say. */
function settingsOf(className: string, config: Fields): Record<string, JsonValue> {
  const defaults = defaultsOf(className, config);
  const settings: Record<string, JsonValue> = { ...defaults };
  // Every class that spreads sigmas heeds these two, also where it does not list them.
  const bounds = "use_karras_sigmas" in defaults ? ["sigma_min", "sigma_max"] : [];
  for (const [name, value] of Object.entries(config)) {
    if (!Object.hasOwn(defaults, name) && !bounds.includes(name)) continue;
    settings[name] = value === null && typeof defaults[name] === "boolean" ? false : value;
  }
  // What DDPM's and DDIM's first versions had in place of prediction_type.
  if (
    saysSample(config) &&
    defaults.prediction_type === "epsilon" &&
    !className.startsWith("EDM")
  ) {
    settings.prediction_type = "sample";
  }
  const zero = config.set_alpha_to_zero;
  if (className === "DDIMInverseScheduler" && typeof zero === "boolean") {
    settings.set_alpha_to_one = zero;
  }
  // The class adds the variance of fixed_small where it is told none.
  if (settings.variance_type === null && className.startsWith("DDPM")) {
    settings.variance_type = defaults.variance_type;
  }
  return settings;
}

/**
 * The defaults of a class. LTXEulerAncestralRFScheduler takes its sigmas from
 * FlowMatchEulerDiscreteScheduler, whose fields count wherever the file has one of them.
 */
function defaultsOf(className: string, config: Fields): Fields {
  const own = schedulerClasses[className];
  if (className !== "LTXEulerAncestralRFScheduler") return own;
  const { stochastic_sampling: _, ...flow } = schedulerClasses.FlowMatchEulerDiscreteScheduler;
  const inherited = Object.keys(flow).filter((name) => !Object.hasOwn(own, name));
  return inherited.some((name) => Object.hasOwn(config, name)) ? { ...flow, ...own } : own;
}

const TOKENS = "it samples discrete tokens, and a denoiser here gives numbers";
/** Classes of diffusers that no table of steps can be, and why. */
const NO_TABLE: Readonly<Record<string, string>> = {
  AmusedScheduler: TOKENS,
  BlockRefinementScheduler: TOKENS,
  DiscreteDDIMScheduler: TOKENS,
  EntropyBoundScheduler: TOKENS,
  VQDiffusionScheduler: TOKENS,
  CosineDPMSolverMultistepScheduler: "it is made for audio; take dpm-solver++ with --sampler",
  HeliosScheduler: "its stages change the size of a video between steps",
  HeliosDMDScheduler: "its stages change the size of a video between steps",
  KarrasVeScheduler: "diffusers has it for Flax alone; EDMEulerScheduler with sChurn is its method",
  RePaintScheduler: "`inpaint` with `resampledSteps` is its method",
};

/** The class's name; Flax's classes have the same fields and a prefix. */
function classNameOf({ _class_name: given }: Fields): string {
  const names = () => Object.keys(schedulerClasses).join(", ");
  if (given === undefined || given === null) {
    throw new ArgumentError(
      `_class_name is missing: a scheduler's config must name one of ${names()}`,
    );
  }
  if (typeof given !== "string") {
    throw refused("_class_name", `one of ${names()}`, given);
  }
  const name = given.replace(/^Flax/, "");
  if (Object.hasOwn(schedulerClasses, name)) return name;
  const why = Object.hasOwn(NO_TABLE, name) ? NO_TABLE[name] : undefined;
  if (why) throw new ArgumentError(`_class_name must be another than ${name}: ${why}`);
  throw new ArgumentError(`_class_name must be one of ${names()}, got ${shown(given)}`);
}

/**
 * The text of a scheduler_config.json.
 *
 * What {@link readSchedulerConfig} returned is written back field for field, in its order, unknown
 * fields included; what was changed since then is set anew. Left out: DDIMScheduler, or
 * DDPMScheduler where there is a variance type, epsilon, no clipping, leading, offset 0.
 *
 * @param input What `readSchedulerConfig` gave, changed or not, or at least a schedule.
 * @throws RangeError when the class has no field for a setting; GenError `invalid-data` when the
 * class is not supported or a value is not allowed.
 */
export function writeSchedulerConfig(input: SchedulerConfigInput): string {
  checkOptions(input, {
    schedule: rules.SCHEDULE,
    predictionType: rules.optional(rules.TEXT),
    clip: rules.optional(rules.either(rules.POSITIVE_FINITE, rules.oneOf(null))),
    className: rules.optional(rules.TEXT),
    varianceType: rules.optional(rules.either(rules.TEXT, rules.oneOf(null))),
    config: rules.optional(rules.OBJECT),
  });
  const className = input.className ?? (input.varianceType ? "DDPMScheduler" : "DDIMScheduler");
  // A new file spells out every field, as diffusers saves it.
  const config = input.config ?? { _class_name: className, ...schedulerClasses[className] };
  return written({ ...config, _class_name: className }, input);
}

function written(config: Record<string, JsonValue>, input: SchedulerConfigInput): string {
  const read = readSchedulerConfig(config);
  const { className, settings } = read;
  const before = fieldsOf(className, read, settings);
  for (const [name, value] of Object.entries(fieldsOf(className, input, settings))) {
    if (JSON.stringify(before[name]) === JSON.stringify(value)) continue;
    if (!(name in settings)) {
      throw new ArgumentError(`${name} must be left out for ${className}, got ${value}`);
    }
    config[name] = value;
  }
  const text = `${formatPythonJson(config)}\n`;
  readSchedulerConfig(text);
  return text;
}

const PREDICTIONS = {
  epsilon: "epsilon",
  sample: "x0",
  v_prediction: "v",
  flow_prediction: "flow",
} as const;
type Prediction = keyof typeof PREDICTIONS;

/** What the classes that have no prediction_type predict; the others are flows. */
const PREDICTION_OF_CLASS: Readonly<Record<string, PredictionType>> = {
  IPNDMScheduler: "v",
  DDPMWuerstchenScheduler: "epsilon",
  // The raw output of a network whose class makes the estimate by coefficients of its own.
  CMStochasticIterativeScheduler: "epsilon",
  ConsistencyDecoderScheduler: "epsilon",
  ScoreSdeVeScheduler: "epsilon",
};

function predictionOf(className: string, { prediction_type: field }: Fields): PredictionType {
  // TrigFlow's velocity is v at signal cos t and noise sin t (Lu and Song 2025, section 3).
  if (field === "trigflow") return "v";
  if (field !== undefined) return PREDICTIONS[field as Prediction];
  return PREDICTION_OF_CLASS[className] ?? "flow";
}

function flowOf(settings: Fields): FlowSettings {
  const numbers = settings as Readonly<Record<string, number>>;
  const spread = (["karras", "exponential", "beta"] as const).find(
    (kind) => settings[`use_${kind}_sigmas`] === true,
  );
  return {
    length: numbers.num_train_timesteps,
    shift: numbers.shift,
    ...(settings.use_dynamic_shifting === true && {
      dynamic: {
        baseShift: numbers.base_shift,
        maxShift: numbers.max_shift,
        baseLength: numbers.base_image_seq_len,
        maxLength: numbers.max_image_seq_len,
        form: settings.time_shift_type as "exponential" | "linear",
      },
    }),
    ...(numbers.shift_terminal && { terminal: numbers.shift_terminal }),
    ...(spread && { spread }),
  };
}

/** The classes that are cosine schedules and have no beta_schedule in their config. */
const COSINE_CLASSES = ["ConsistencyDecoderScheduler", "DDPMWuerstchenScheduler"];

function scheduleOf(className: string, settings: Fields): NoiseSchedule {
  const { snr_shift_scale: scale, ...plain } = settings;
  if (scale === undefined) return betaScheduleOf(className, settings);
  const base = betaScheduleOf(className, { ...plain, rescale_betas_zero_snr: false });
  return shiftedSchedule(base, Number(scale), settings.rescale_betas_zero_snr === true);
}

function betaScheduleOf(className: string, settings: Fields): NoiseSchedule {
  const options = {
    steps: settings.num_train_timesteps as number,
    betaStart: settings.beta_start as number,
    betaEnd: settings.beta_end as number,
    setAlphaToOne: settings.set_alpha_to_one !== false,
    rescaleBetasZeroSnr: settings.rescale_betas_zero_snr === true,
  };
  const isFlow = "shift" in settings || className === "LTXEulerAncestralRFScheduler";
  if (isFlow || settings.use_flow_sigmas === true) {
    const shift =
      settings.use_dynamic_shifting === true ? 1 : (settings.shift ?? settings.flow_shift);
    return flowSchedule({ steps: options.steps, shift: (shift ?? 1) as number });
  }
  if (Array.isArray(settings.trained_betas)) {
    return scheduleFromBetas(settings.trained_betas as number[], options);
  }
  if (settings.beta_schedule === "scaled_linear") return scaledLinearSchedule(options);
  if (settings.beta_schedule === "squaredcos_cap_v2" || COSINE_CLASSES.includes(className)) {
    return cosineSchedule(options);
  }
  if (settings.beta_schedule === "sigmoid") return sigmoidSchedule(options);
  if (settings.beta_schedule === "laplace") return laplaceSchedule(options);
  if (settings.beta_schedule === "exp") return expSchedule(options);
  return linearSchedule(options);
}

function predictionField(type: PredictionType): string {
  const found = Object.entries(PREDICTIONS).find(([, ours]) => ours === type);
  if (found) return found[0];
  throw new ArgumentError(
    `predictionType must be epsilon, x0, v or flow in a scheduler config, got ${shown(type)}`,
  );
}

// diffusers' fields of what the caller said; fields left unsaid keep what the file says.
function fieldsOf(
  className: string,
  input: SchedulerConfigInput,
  settings: Fields,
): Record<string, JsonValue> {
  const { schedule, predictionType, clip = null, thresholding = null } = input;
  if ("shift" in settings) return flowFields(input, settings);
  const fields: Record<string, JsonValue> = {
    num_train_timesteps: schedule.length,
    ...betaFields(className, schedule),
    prediction_type: predictionField(predictionType ?? "epsilon"),
  };
  const set = (name: string, value: JsonValue, silent: JsonValue) => {
    if (name in settings || value !== silent) fields[name] = value;
  };
  set("rescale_betas_zero_snr", schedule.rescaleBetasZeroSnr, false);
  set("set_alpha_to_one", schedule.setAlphaToOne, true);
  set("clip_sample", clip !== null, false);
  if (clip !== null) fields.clip_sample_range = clip;
  set("thresholding", thresholding !== null, false);
  if (thresholding) {
    fields.dynamic_thresholding_ratio = thresholding.ratio;
    fields.sample_max_value = thresholding.max;
  }
  set("timestep_spacing", input.spacing ?? "leading", "linspace");
  set("steps_offset", input.offset ?? 0, 0);
  if (input.varianceType) fields.variance_type = input.varianceType;
  return fields;
}

function flowFields(
  { schedule, predictionType = "flow", clip = null }: SchedulerConfigInput,
  settings: Fields,
): Record<string, JsonValue> {
  if (schedule.spec.kind !== "flow") {
    throw new ArgumentError(
      `schedule must be a flow's for FlowMatchEulerDiscreteScheduler, got ${schedule.spec.kind}`,
    );
  }
  if (predictionType !== "flow" || clip !== null) {
    throw new ArgumentError(
      "FlowMatchEulerDiscreteScheduler must have predictionType flow and no clip, got " +
        `${predictionType} and ${clip}`,
    );
  }
  const fields: Record<string, JsonValue> = { num_train_timesteps: schedule.length };
  // A dynamic shift leaves the fixed one without effect, whatever it is.
  if (settings.use_dynamic_shifting !== true) fields.shift = schedule.spec.shift;
  return fields;
}

function betaFields(className: string, schedule: NoiseSchedule): Record<string, JsonValue> {
  const { spec } = schedule;
  const trained_betas = null;
  if (spec.kind === "flow") return { use_flow_sigmas: true, flow_shift: spec.shift };
  const name = BETA_SCHEDULE_NAMES[spec.kind];
  const betas = () => Array.from(spec.kind === "betas" ? spec.betas : schedule.betas);
  if (!name || !betaSchedulesOf(className).includes(name)) return { trained_betas: betas() };
  if ("betaStart" in spec) {
    const { betaStart: beta_start, betaEnd: beta_end } = spec;
    return { beta_schedule: name, beta_start, beta_end, trained_betas };
  }
  if ("maxBeta" in spec && spec.maxBeta === 0.999) return { beta_schedule: name, trained_betas };
  return { trained_betas: betas() };
}

const BETA_SCHEDULE_NAMES: Readonly<Record<string, string>> = {
  linear: "linear",
  scaledLinear: "scaled_linear",
  sigmoid: "sigmoid",
  cosine: "squaredcos_cap_v2",
  laplace: "laplace",
  exp: "exp",
};
