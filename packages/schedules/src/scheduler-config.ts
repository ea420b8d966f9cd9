import type { PredictionType } from "@gen/math";
import { cosineSchedule, laplaceSchedule } from "./alpha-bar-schedule.ts";
import { flowSchedule } from "./flow-schedule.ts";
import type { FlowSettings } from "./flow-sigmas.ts";
import { linearSchedule, scaledLinearSchedule, sigmoidSchedule } from "./linear-schedule.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";
import { formatPythonJson, type JsonValue, parsePythonJson } from "./python-json.ts";
import { scheduleFromBetas } from "./schedule-from-betas.ts";
import { notBuilt, schedulerClasses } from "./scheduler-classes.ts";
import { checkFields } from "./scheduler-fields.ts";

type Fields = Readonly<Record<string, JsonValue>>;

/** What a diffusers scheduler_config.json says, in this library's terms. */
export interface SchedulerConfig {
  /** The scheduler class, such as "DDIMScheduler". */
  readonly className: string;
  readonly schedule: NoiseSchedule;
  readonly predictionType: PredictionType;
  /** Bound of the clean estimate's values, or null where it is not clipped. */
  readonly clip: number | null;
  /** Dynamic thresholding (Saharia et al. 2022), which goes before clipping, or null. */
  readonly thresholding: { readonly ratio: number; readonly max: number } | null;
  readonly spacing: "leading" | "trailing" | "linspace";
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
  /** Fields of the class that are set to what no table of steps here follows. */
  readonly notBuilt: readonly string[];
}

/** What {@link writeSchedulerConfig} needs at least. */
export type SchedulerConfigInput = Pick<SchedulerConfig, "schedule"> & Partial<SchedulerConfig>;

/**
 * Reads a diffusers scheduler_config.json, given as its text or as the parsed object.
 *
 * @throws SyntaxError when the text is no JSON; RangeError when the class is not supported, a
 * value is not allowed, or two settings contradict each other (the message says why).
 */
export function readSchedulerConfig(json: string | object): SchedulerConfig {
  const parsed = typeof json === "string" ? parsePythonJson(json) : (json as JsonValue);
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed)) {
    throw new RangeError(`scheduler config must be a JSON object, got ${JSON.stringify(parsed)}`);
  }
  const config: Fields = parsed;
  const className = String(config._class_name);
  const defaults = Object.hasOwn(schedulerClasses, className) && schedulerClasses[className];
  if (!defaults) {
    const names = Object.keys(schedulerClasses).join(", ");
    throw new RangeError(`_class_name must be one of ${names}, got ${className}`);
  }
  const known = Object.entries(config).filter(([name]) => name in defaults);
  const settings: Record<string, JsonValue> = { ...defaults, ...Object.fromEntries(known) };
  const betas = settings.trained_betas;
  if (Array.isArray(betas))
    settings.num_train_timesteps = config.num_train_timesteps ?? betas.length;
  checkFields(settings);
  return {
    className,
    schedule: scheduleOf(settings),
    predictionType: PREDICTIONS[(settings.prediction_type ?? "flow_prediction") as Prediction],
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
    unknown: Object.keys(config).filter((name) => !(name in defaults) && !name.startsWith("_")),
    notBuilt: Object.keys(settings).filter((name) => isOdd(name, settings)),
  };
}

/**
 * The text of a scheduler_config.json.
 *
 * What {@link readSchedulerConfig} returned is written back field for field, in its order, unknown
 * fields included; what was changed since then is set anew. Left out: DDPMScheduler, epsilon, no
 * clipping, leading, offset 0.
 *
 * @throws RangeError when the class is not supported or has no field for a setting.
 */
export function writeSchedulerConfig(input: SchedulerConfigInput): string {
  const className = input.className ?? "DDPMScheduler";
  // A new file spells out every field, as diffusers saves it.
  const config = input.config ?? { _class_name: className, ...schedulerClasses[className] };
  return written({ ...config, _class_name: className }, input);
}

function written(config: Record<string, JsonValue>, input: SchedulerConfigInput): string {
  const { settings } = readSchedulerConfig(config);
  for (const [name, value] of Object.entries(fieldsOf(input, settings))) {
    if (JSON.stringify(settings[name]) === JSON.stringify(value)) continue;
    if (!(name in settings)) {
      throw new RangeError(`${name} must be left out for ${config._class_name}, got ${value}`);
    }
    config[name] = value;
  }
  const text = formatPythonJson(config);
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

function isOdd(name: string, settings: Fields): boolean {
  const value = settings[name];
  if (name === "algorithm_type") return !String(value).endsWith("++");
  return name in notBuilt && JSON.stringify(value) !== JSON.stringify(notBuilt[name]);
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

function scheduleOf(settings: Fields): NoiseSchedule {
  const options = {
    steps: settings.num_train_timesteps as number,
    betaStart: settings.beta_start as number,
    betaEnd: settings.beta_end as number,
    setAlphaToOne: settings.set_alpha_to_one !== false,
    rescaleBetasZeroSnr: settings.rescale_betas_zero_snr === true,
  };
  if ("shift" in settings || settings.use_flow_sigmas === true) {
    const shift =
      settings.use_dynamic_shifting === true ? 1 : (settings.shift ?? settings.flow_shift);
    return flowSchedule({ steps: options.steps, shift: (shift ?? 1) as number });
  }
  if (Array.isArray(settings.trained_betas)) {
    return scheduleFromBetas(settings.trained_betas as number[], options);
  }
  if (settings.beta_schedule === "scaled_linear") return scaledLinearSchedule(options);
  if (settings.beta_schedule === "squaredcos_cap_v2") return cosineSchedule(options);
  if (settings.beta_schedule === "sigmoid") return sigmoidSchedule(options);
  if (settings.beta_schedule === "laplace") return laplaceSchedule(options);
  return linearSchedule(options);
}

function predictionField(type: PredictionType): string {
  const found = Object.entries(PREDICTIONS).find(([, ours]) => ours === type);
  if (found) return found[0];
  throw new RangeError(
    `predictionType must be epsilon, x0, v or flow in a scheduler config, got ${type}`,
  );
}

// diffusers' fields of what the caller said; fields left unsaid keep what the file says.
function fieldsOf(input: SchedulerConfigInput, settings: Fields): Record<string, JsonValue> {
  const { schedule, predictionType, clip = null, thresholding = null } = input;
  if ("shift" in settings) return flowFields(input, settings);
  const fields: Record<string, JsonValue> = {
    num_train_timesteps: schedule.length,
    ...betaFields(schedule),
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
    throw new RangeError(
      `schedule must be a flow's for FlowMatchEulerDiscreteScheduler, got ${schedule.spec.kind}`,
    );
  }
  if (predictionType !== "flow" || clip !== null) {
    throw new RangeError(
      "FlowMatchEulerDiscreteScheduler must have predictionType flow and no clip, got " +
        `${predictionType} and ${clip}`,
    );
  }
  const fields: Record<string, JsonValue> = { num_train_timesteps: schedule.length };
  // A dynamic shift leaves the fixed one without effect, whatever it is.
  if (settings.use_dynamic_shifting !== true) fields.shift = schedule.spec.shift;
  return fields;
}

function betaFields(schedule: NoiseSchedule): Record<string, JsonValue> {
  const { spec } = schedule;
  const trained_betas = null;
  if (spec.kind === "flow") return { use_flow_sigmas: true, flow_shift: spec.shift };
  if (spec.kind === "linear" || spec.kind === "scaledLinear" || spec.kind === "sigmoid") {
    const beta_schedule = spec.kind === "scaledLinear" ? "scaled_linear" : spec.kind;
    return { beta_schedule, beta_start: spec.betaStart, beta_end: spec.betaEnd, trained_betas };
  }
  if (spec.kind === "cosine" && spec.maxBeta === 0.999) {
    return { beta_schedule: "squaredcos_cap_v2", trained_betas };
  }
  if (spec.kind === "laplace" && spec.maxBeta === 0.999) {
    return { beta_schedule: "laplace", trained_betas };
  }
  return { trained_betas: Array.from(spec.kind === "betas" ? spec.betas : schedule.betas) };
}
