import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
import type { SchedulerConfig, SchedulerConfigInput } from "@gen/schedules";
import { networkTime } from "../denoiser/network-time.ts";
import type { Clip } from "../run/clip.ts";
import { checkOptions, ON_OR_OFF } from "../samplers/check-options.ts";
import type { Step } from "../samplers/step.ts";
import { checkPrediction } from "./class-predictions.ts";
import type { ClassOptions, ClassRun, ClassSettings, ClassTable } from "./class-run.ts";
import { firstStep } from "./class-times.ts";
import { edmConfig } from "./edm-samplers.ts";
import { type SamplerName, samplerKind, samplerNames } from "./sampler-kinds.ts";
import { schedulerTables } from "./scheduler-classes.ts";
import { asClassReads, lengthOfClass, readingNotes, schedulerNotes } from "./scheduler-notes.ts";
import { SCHEDULER } from "./scheduler-rule.ts";

/** What {@link schedulerSteps} leaves to its caller. */
export interface SchedulerStepsOptions extends ClassOptions {
  /** The sampler. @defaultValue that of the config's class, see {@link defaultSampler} */
  readonly sampler?: SamplerName;
  /**
   * Time steps for the sampler's own table, whatever the class: those of `optimalTimesteps`. The
   * config then counts for its schedule, its prediction and its clip alone.
   * @defaultValue the class's
   */
  readonly spacing?: readonly number[];
}

/** A scheduler's config as `sample` takes it. */
export interface SchedulerSteps {
  /** The sampler's table. */
  readonly steps: readonly Step[];
  /** Dynamic thresholding or a clip, where the config has one; else false. */
  readonly clip: Clip;
  /**
   * What standard normal numbers are multiplied by to be the first x: diffusers'
   * `init_noise_sigma`, over what its class scales the network's input by. 1 for most.
   */
  readonly initialScale: number;
  /** The class's sigmas, the last step's end included, where it has any. */
  readonly sigmas?: readonly number[];
  /** The draw that each row's noise is, as `torchNoise` takes it. @defaultValue its row's */
  readonly draws?: readonly number[];
  /** The sampler's name, or the class's where it is none of the samplers by name. */
  readonly sampler: SamplerName | string;
  /** What the config says that the table does not heed, in lines for people. */
  readonly notes: readonly string[];
}

const number = rules.optional(rules.ANY_NUMBER);
const numbers = rules.optional(rules.NUMBERS);

/** The kinds of a class's options. Each class checks what it takes of them, and their ranges. */
const classRules = {
  sampler: rules.optional(rules.TEXT),
  steps: number,
  timesteps: numbers,
  sigmas: numbers,
  spacing: numbers,
  eta: number,
  sChurn: number,
  sTmin: number,
  sTmax: number,
  sNoise: number,
  strength: number,
  originalInferenceSteps: number,
  maxTimesteps: number,
  intermediateTimesteps: rules.optional(rules.either(rules.ANY_NUMBER, rules.oneOf(null))),
  imageLength: number,
  mu: number,
};

/** The classes that are one of the samplers by name. */
const solverClasses: Readonly<Record<string, SamplerName>> = {
  DDIMScheduler: "ddim",
  DDIMParallelScheduler: "ddim",
  DDPMScheduler: "ddpm",
  DDPMParallelScheduler: "ddpm",
  EulerDiscreteScheduler: "euler",
  EulerAncestralDiscreteScheduler: "euler-ancestral",
  HeunDiscreteScheduler: "heun",
  LMSDiscreteScheduler: "lms",
  KDPM2DiscreteScheduler: "dpm2",
  KDPM2AncestralDiscreteScheduler: "dpm2-ancestral",
  DPMSolverSDEScheduler: "dpm-sde",
  DPMSolverMultistepScheduler: "dpm-solver++",
  DPMSolverSinglestepScheduler: "dpm-solver++-single",
  UniPCMultistepScheduler: "unipc",
  DEISMultistepScheduler: "deis",
  SASolverScheduler: "sa-solver",
  PNDMScheduler: "pndm",
  IPNDMScheduler: "ipndm",
  LCMScheduler: "lcm",
  TCDScheduler: "tcd",
  FlowMatchEulerDiscreteScheduler: "flow-euler",
};

/**
 * The sampler that a scheduler's class is, or the class's own name where it is none of them; ddim
 * for a scheduler of no class, or ddpm where a variance type is set.
 *
 * @param scheduler The config, as `schedulerConfig` reads it, or its fields.
 * @throws RangeError when the scheduler is none.
 */
export function defaultSampler(scheduler: SchedulerConfigInput): SamplerName | string {
  checkArguments({ scheduler }, { scheduler: SCHEDULER });
  const { className, settings } = completed(scheduler);
  const name = Object.hasOwn(solverClasses, className) ? solverClasses[className] : className;
  const sde = name === "dpm-solver++" && String(settings.algorithm_type).startsWith("sde-");
  return sde ? "dpm-solver++-sde" : name;
}

/**
 * The default of a sampler's `eta`; undefined for a sampler that has none.
 *
 * @param sampler The sampler's name.
 * @throws RangeError when there is no sampler of that name.
 */
export const defaultEta = (sampler: SamplerName): number | undefined => samplerKind(sampler).eta;

/**
 * The table of steps that a diffusers scheduler_config.json asks for: what its class does, with every
 * field and option of the class. The docs' page "Schedulers" lists where a class is wrong and the
 * table is not; `compat: "diffusers"` is the class there too.
 *
 * `const table = schedulerSteps(pipeline.scheduler, { steps: 20 })`, then `sample({ ...table, ... })`.
 * With another `sampler` than the class's, a config counts for its schedule, its prediction and its
 * clip alone.
 *
 * @param scheduler The config, as `schedulerConfig` reads it, or its fields.
 * @param options Sampler, steps and the class's other options. Default: the class's own.
 * @throws RangeError when an option or a field is one that the class does not take, or a value is
 * outside its range.
 */
export function schedulerSteps(
  scheduler: SchedulerConfigInput,
  options: SchedulerStepsOptions = {},
): SchedulerSteps {
  return stepsIn("float64", scheduler, options);
}

/** {@link schedulerSteps} with the time steps that diffusers finds in its float32. */
export function stepsIn(
  precision: "float32" | "float64",
  scheduler: SchedulerConfigInput,
  options: SchedulerStepsOptions,
): SchedulerSteps {
  checkArguments({ scheduler }, { scheduler: SCHEDULER });
  checkOptions(options, { compat: ["diffusers"], useClippedModelOutput: ON_OR_OFF });
  checkArguments(options, classRules);
  const compat = options.compat === "diffusers";
  const read = completed(scheduler);
  const config = compat ? asClassReads(read) : read;
  const own = defaultSampler(config);
  const { sampler = own } = options;
  const clip = config.thresholding ?? config.clip ?? false;
  const notes = schedulerNotes(config);
  if (config.className.startsWith("EDM") && (sampler !== own || options.spacing)) {
    return stepsIn(precision, edmConfig(config, options), { ...options, sampler: undefined });
  }
  if (sampler !== own || options.spacing) {
    const steps = directSteps(config, scheduler, sampler as SamplerName, options);
    const alone = `${config.className} counts for its schedule alone: the steps are ${sampler}'s own`;
    const said = scheduler.className === undefined ? notes : [...notes, alone];
    return { steps, clip, initialScale: 1, sampler, notes: said };
  }
  const run: ClassRun = {
    config,
    settings: settingsOf(config, compat),
    schedule: config.schedule,
    options,
    compat,
    single: precision === "float32",
  };
  checkPrediction(run);
  const made = schedulerTables[config.className](run);
  checkFinite(config.className, made);
  return {
    steps: made.steps,
    clip: made.clip ?? clip,
    initialScale: made.initialScale ?? 1,
    ...(made.sigmas && { sigmas: made.sigmas }),
    ...(made.draws && { draws: made.draws }),
    sampler,
    notes: [...notes, ...(compat ? [] : readingNotes(config)), ...(made.notes ?? [])],
  };
}

/** Throws RangeError where the class's formulas give a row that is no number. */
function checkFinite(className: string, { steps, initialScale = 1 }: ClassTable): void {
  const finite = ({ t, denoised, next }: Step) =>
    [t, denoised.x, denoised.prediction, next.x0, next.x, next.prediction, next.noise]
      .concat(next.history ?? [])
      .every(Number.isFinite);
  const wrong = Number.isFinite(initialScale) ? steps.findIndex((row) => !finite(row)) : 0;
  if (wrong < 0) return;
  throw new ArgumentError(
    `steps must give ${className} distinct levels of signal and noise, got ${steps.length}, of ` +
      `which number ${wrong} gives no finite numbers`,
  );
}

/** The table of a sampler on a config's schedule. What a hand-made config says counts too. */
function directSteps(
  { schedule, predictionType: predicts, varianceType, flow }: SchedulerConfig,
  { className, spacing, offset }: SchedulerConfigInput,
  sampler: SamplerName,
  { steps, eta, spacing: list, imageLength, strength, ...others }: SchedulerStepsOptions,
): readonly Step[] {
  const kind = samplerKind(sampler);
  if (eta !== undefined && kind.eta === undefined) {
    const noisy = samplerNames.filter((name) => defaultEta(name) !== undefined);
    throw new ArgumentError(
      `eta must be left out for ${sampler}, only ${noisy.join(", ")} have one, got ${eta}`,
    );
  }
  const said = className === undefined ? { spacing, offset } : {};
  const count = steps ?? list?.length ?? Math.min(kind.defaultSteps, schedule.length);
  const options = {
    ...said,
    ...(list && { spacing: list }),
    predicts,
    steps: count,
    imageLength,
    varianceType,
    flow,
    useClippedModelOutput: others.useClippedModelOutput,
  };
  const whole = kind.table(schedule, options, eta ?? kind.eta ?? 0);
  const first = firstStep({ options: { strength } }, count);
  // The flow's own steps have the flow's times.
  const timed = (rows: readonly Step[]) =>
    predicts !== "flow" || sampler === "flow-euler"
      ? rows
      : rows.map((row) => ({ ...row, t: networkTime(schedule, predicts, row.t) }));
  if (first === 0 || !whole.some(({ next }) => next.history)) return timed(whole.slice(first));
  // A multistep method starts anew, and half steps are its own.
  const listed = new Set(whole.map(({ t }) => t));
  const times =
    listed.size === count
      ? [...listed]
      : samplerKind("euler")
          .table(schedule, options, 0)
          .map(({ t }) => t);
  const rest = { ...options, steps: count - first, spacing: times.slice(first) };
  return timed(kind.table(schedule, rest, eta ?? kind.eta ?? 0));
}

/** The fields of a config, with what the caller has set anew since it was read. */
const settingsOf = (config: SchedulerConfig, compat: boolean) =>
  ({
    ...config.settings,
    num_train_timesteps: compat ? lengthOfClass(config) : config.schedule.length,
    rescale_betas_zero_snr: config.schedule.rescaleBetasZeroSnr,
    timestep_spacing: config.spacing,
    steps_offset: config.offset,
    variance_type: config.varianceType,
  }) as unknown as ClassSettings;

/** A scheduler's config with the defaults of a class that only holds a schedule, or of a flow. */
function completed(scheduler: SchedulerConfigInput): SchedulerConfig {
  const { length, spec } = scheduler.schedule;
  const known = Object.entries(scheduler).filter(([, value]) => value !== undefined);
  const given = Object.fromEntries(known) as unknown as SchedulerConfigInput;
  const flow = spec.kind === "flow" && scheduler.predictionType === "flow";
  // As writeSchedulerConfig names it, so that a saved pipeline samples as before.
  const alphaClass = scheduler.varianceType ? "DDPMScheduler" : "DDIMScheduler";
  return {
    className: flow ? "FlowMatchEulerDiscreteScheduler" : alphaClass,
    predictionType: "epsilon",
    clip: null,
    thresholding: null,
    spacing: "leading",
    offset: 0,
    varianceType: null,
    flow: flow ? { length, shift: spec.shift } : null,
    stochastic: false,
    settings: {},
    config: {},
    unknown: [],
    ...given,
  };
}
