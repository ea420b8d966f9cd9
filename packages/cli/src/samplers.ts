import { ddimSteps } from "@gen/ddim";
import { type DdpmVariance, ddpmSteps } from "@gen/ddpm";
import {
  type DpmSolverOptions,
  dpmSolverSteps,
  eulerAncestralSteps,
  eulerSteps,
  heunSteps,
  lcmSteps,
  type Pipeline,
  type Step,
  type UnipcOptions,
  unipcSteps,
} from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";

/** What goes from noise to data, and in how many steps. */
export interface SamplerChoice {
  /** As the scheduler's class has it unless told. */
  readonly sampler?: SamplerName;
  /** Every training step for ddpm, 4 for lcm and 20 for the others unless told. */
  readonly steps?: number;
  /** Fresh noise at each step; unless told, 0 for ddim and 1 for euler-ancestral, and only for these. */
  readonly eta?: number;
}

interface Common {
  readonly predicts: Pipeline["denoiser"]["predicts"];
  readonly spacing: SchedulerConfig["spacing"];
  readonly offset: number;
  readonly steps: number;
}

interface SamplerKind {
  readonly help: string;
  /** What `--eta` is unless told; undefined where it has none. */
  readonly eta?: number;
  /** Steps unless told. */
  readonly usual: number;
  table(scheduler: SchedulerConfig, common: Common, eta: number): Step[];
}

/** The sigmas, order and the like that a solver's class keeps in its settings. */
const sigmasOf = ({ settings }: SchedulerConfig) => {
  if (settings.use_karras_sigmas) return { sigmas: "karras" } as const;
  return settings.use_exponential_sigmas ? ({ sigmas: "exponential" } as const) : {};
};
const lowered = ({ settings }: SchedulerConfig) =>
  settings.lower_order_final === false ? { lowerOrderFinal: false } : {};
const named = <T extends string>(value: unknown, ...allowed: T[]): T | undefined =>
  allowed.find((name) => name === value);

const dpmSolver =
  (form: Pick<DpmSolverOptions, "method" | "sde">): SamplerKind["table"] =>
  (scheduler, common) => {
    const { solver_order: order, solver_type: type } = scheduler.settings;
    return dpmSolverSteps(scheduler.schedule, {
      ...common,
      ...sigmasOf(scheduler),
      // The singlestep class lowers only where it must, which is what happens unless told.
      ...(form.method !== "singlestep" && lowered(scheduler)),
      ...form,
      order: order as DpmSolverOptions["order"],
      slope: named(type, "midpoint", "heun"),
    });
  };

/** Every sampler by its name on the command line; where the clean estimate is clipped, by diffusers' conventions. */
const kinds = {
  ddim: {
    help: "Song et al. 2021; --eta adds noise",
    eta: 0,
    usual: 20,
    table: ({ schedule }, common, eta) =>
      ddimSteps(schedule, { ...common, eta, keepEpsilon: true }),
  },
  ddpm: {
    help: "Ho et al. 2020; every training step unless told",
    usual: Number.POSITIVE_INFINITY,
    table: ({ schedule, varianceType }, common) =>
      ddpmSteps(schedule, {
        ...common,
        variance: (varianceType ?? undefined) as DdpmVariance | undefined,
      }),
  },
  euler: {
    help: "the flow in sigma, first order",
    usual: 20,
    table: (scheduler, common) =>
      eulerSteps(scheduler.schedule, { ...common, ...sigmasOf(scheduler) }),
  },
  "euler-ancestral": {
    help: "euler to a lower level, then fresh noise; --eta says how much (1 unless told)",
    eta: 1,
    usual: 20,
    table: (scheduler, common, eta) =>
      eulerAncestralSteps(scheduler.schedule, { ...common, ...sigmasOf(scheduler), eta }),
  },
  heun: {
    help: "second order; two evaluations for each step but the last",
    usual: 20,
    table: (scheduler, common) =>
      heunSteps(scheduler.schedule, { ...common, ...sigmasOf(scheduler) }),
  },
  "dpm-solver++": {
    help: "multistep; the order is the scheduler's, or 2",
    usual: 20,
    table: dpmSolver({}),
  },
  "dpm-solver++-single": {
    help: "the same in groups of steps",
    usual: 20,
    table: dpmSolver({ method: "singlestep" }),
  },
  "dpm-solver++-sde": {
    help: "the same with fresh noise",
    usual: 20,
    table: dpmSolver({ sde: true }),
  },
  unipc: {
    help: "predictor and corrector; the order is the scheduler's, or 2",
    usual: 20,
    table: (scheduler, common) =>
      unipcSteps(scheduler.schedule, {
        ...common,
        ...sigmasOf(scheduler),
        ...lowered(scheduler),
        order: scheduler.settings.solver_order as UnipcOptions["order"],
        scaling: named(scheduler.settings.solver_type, "bh1", "bh2"),
      }),
  },
  lcm: {
    help: "for latent consistency models; 4 steps unless told",
    usual: 4,
    table: ({ schedule, settings }, { steps, predicts }) =>
      lcmSteps(schedule, {
        steps,
        predicts,
        originalSteps: settings.original_inference_steps as number | undefined,
        timestepScaling: settings.timestep_scaling as number | undefined,
      }),
  },
} satisfies Record<string, SamplerKind>;

export type SamplerName = keyof typeof kinds;

export const samplerNames: readonly SamplerName[] = /* @__PURE__ */ (() =>
  Object.keys(kinds) as SamplerName[])();

/** A line for each sampler, for the command's help. */
export const samplerHelp = (): string =>
  Object.entries(kinds)
    .map(([name, { help }]) => `  ${name.padEnd(20)} ${help}`)
    .join("\n");

/** The fresh noise of each step unless told; undefined for a sampler that has no such choice. */
export const usualEta = (name: SamplerName): number | undefined => (kinds[name] as SamplerKind).eta;

/** The samplers whose noise `--eta` decides. */
export const noisySamplers = (): string[] =>
  samplerNames.filter((name) => usualEta(name) !== undefined);

const solverClasses: Readonly<Record<string, SamplerName>> = {
  EulerDiscreteScheduler: "euler",
  EulerAncestralDiscreteScheduler: "euler-ancestral",
  HeunDiscreteScheduler: "heun",
  DPMSolverMultistepScheduler: "dpm-solver++",
  DPMSolverSinglestepScheduler: "dpm-solver++-single",
  UniPCMultistepScheduler: "unipc",
  LCMScheduler: "lcm",
};

/** The sampler that a scheduler's class is, or ddim for those that only hold a schedule. */
export function usualSampler({ className, settings }: SchedulerConfig): SamplerName {
  const name = solverClasses[className] ?? "ddim";
  const sde = name === "dpm-solver++" && String(settings.algorithm_type).startsWith("sde-");
  return sde ? "dpm-solver++-sde" : name;
}

/** The table of a choice on a pipeline's schedule. */
export function samplerTable(
  { scheduler, denoiser }: Pick<Pipeline, "scheduler" | "denoiser">,
  { sampler = usualSampler(scheduler), steps, eta }: SamplerChoice,
): Step[] {
  const kind: SamplerKind = kinds[sampler];
  const { schedule, spacing, offset } = scheduler;
  const common = {
    predicts: denoiser.predicts,
    spacing,
    offset,
    steps: steps ?? Math.min(kind.usual, schedule.length),
  };
  return kind.table(scheduler, common, eta ?? kind.eta ?? 0);
}
