import type { SchedulerConfig, SchedulerConfigInput } from "@gen/schedules";
import type { Clip } from "../run/clip.ts";
import { type SamplerName, samplerKind, samplerNames } from "./sampler-kinds.ts";
import { schedulerNotes } from "./scheduler-notes.ts";
import type { Step } from "./step.ts";

/** What {@link schedulerSteps} leaves to its caller. */
export interface SchedulerStepsOptions {
  /** Moves from noise to data. @defaultValue every training step for ddpm, 4 for lcm, 20 for others */
  readonly steps?: number;
  /** The sampler. @defaultValue that of the config's class, see {@link defaultSampler} */
  readonly sampler?: SamplerName;
  /**
   * Fresh noise at each step, from 0 (none) to 1 (as ddpm), for ddim and euler-ancestral only.
   * @defaultValue 0 for ddim, 1 for euler-ancestral
   */
  readonly eta?: number;
  /** How many tokens an image has, for a flow whose shift grows with it (`use_dynamic_shifting`). */
  readonly imageLength?: number;
}

/** A scheduler's config as `sample` takes it. */
export interface SchedulerSteps {
  readonly steps: Step[];
  /** Dynamic thresholding or a clip, where the config has one; else false. */
  readonly clip: Clip;
  readonly sampler: SamplerName;
  /** What the config says that the table does not heed, in lines for people. */
  readonly notes: readonly string[];
}

const solverClasses: Readonly<Record<string, SamplerName>> = {
  EulerDiscreteScheduler: "euler",
  EulerAncestralDiscreteScheduler: "euler-ancestral",
  HeunDiscreteScheduler: "heun",
  DPMSolverMultistepScheduler: "dpm-solver++",
  DPMSolverSinglestepScheduler: "dpm-solver++-single",
  UniPCMultistepScheduler: "unipc",
  LCMScheduler: "lcm",
  FlowMatchEulerDiscreteScheduler: "flow-euler",
};

/**
 * The sampler that a scheduler's class is: one of the solvers, or ddim for a class that only holds
 * a schedule, DDPMScheduler among them (ddpm, with its many steps, wants to be asked for).
 */
export function defaultSampler(scheduler: SchedulerConfigInput): SamplerName {
  const { className, settings } = completed(scheduler);
  const name = solverClasses[className] ?? "ddim";
  const sde = name === "dpm-solver++" && String(settings.algorithm_type).startsWith("sde-");
  return sde ? "dpm-solver++-sde" : name;
}

/** The default of a sampler's `eta`; undefined for a sampler that has none. */
export const defaultEta = (name: SamplerName): number | undefined => samplerKind(name).eta;

/**
 * The table of steps and the clip that a diffusers scheduler_config.json asks for: its schedule,
 * what is predicted, spacing and offset, variance, clipping or thresholding, and what the class of a
 * solver has besides. Where x0 is clipped, ddim keeps the predicted noise and ddpm derives it anew,
 * as diffusers' classes do.
 *
 * `const { steps, clip } = schedulerSteps(pipeline.scheduler, { steps: 20 })`, then `sample` with
 * both. What a config says beyond that is in `notes`.
 *
 * @throws RangeError when sampler is none or not one for this class, eta is given for a sampler that
 * has none or lies outside [0, 1], steps is outside its range, or imageLength is missing.
 */
export function schedulerSteps(
  scheduler: SchedulerConfigInput,
  options: SchedulerStepsOptions = {},
): SchedulerSteps {
  const config = completed(scheduler);
  const { sampler = defaultSampler(config), steps, eta, imageLength } = options;
  const { schedule, predictionType: predicts, spacing, offset } = config;
  const kind = samplerKind(sampler);
  if (eta !== undefined && kind.eta === undefined) {
    const noisy = samplerNames.filter((name) => defaultEta(name) !== undefined);
    throw new RangeError(
      `eta must be left out for ${sampler}, only ${noisy.join(" and ")} have one, got ${eta}`,
    );
  }
  const count = steps ?? Math.min(kind.defaultSteps, schedule.length);
  const common = { predicts, spacing, offset, steps: count, imageLength };
  return {
    steps: kind.table(config, common, eta ?? kind.eta ?? 0),
    clip: config.thresholding ?? config.clip ?? false,
    sampler,
    notes: schedulerNotes(config),
  };
}

/** A scheduler's config with the defaults of a class that only holds a schedule, or of a flow. */
function completed(scheduler: SchedulerConfigInput): SchedulerConfig {
  const { length, spec } = scheduler.schedule;
  const flow = spec.kind === "flow" && scheduler.predictionType === "flow";
  return {
    className: flow ? "FlowMatchEulerDiscreteScheduler" : "DDPMScheduler",
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
    notBuilt: [],
    ...scheduler,
  };
}
