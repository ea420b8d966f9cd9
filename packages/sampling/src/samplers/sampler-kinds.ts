import type { PredictionType } from "@gen/math";
import { flowSigmas, type SchedulerConfig } from "@gen/schedules";
import { ddimSteps } from "./ddim-steps.ts";
import { type DdpmVariance, ddpmSteps } from "./ddpm-steps.ts";
import { type DpmSolverOptions, dpmSolverSteps } from "./dpm-solver.ts";
import { eulerAncestralSteps, eulerSteps, flowEulerSteps } from "./euler.ts";
import { heunSteps } from "./heun.ts";
import { lcmSteps } from "./lcm.ts";
import type { Step } from "./step.ts";
import { type UnipcOptions, unipcSteps } from "./unipc.ts";

/** What every table is made of. */
export interface Common {
  readonly predicts: PredictionType;
  readonly spacing: SchedulerConfig["spacing"];
  readonly offset: number;
  readonly steps: number;
  readonly imageLength?: number;
}

interface SamplerKind {
  /** The default of `eta`; undefined for a sampler that has none. */
  readonly eta?: number;
  /** The default number of steps. */
  readonly defaultSteps: number;
  table(config: SchedulerConfig, common: Common, eta: number): Step[];
}

/** The sigmas, order and the like that a solver's class keeps in its settings. */
const sigmasOf = ({ settings }: SchedulerConfig) => {
  const spreads = ["karras", "exponential", "beta"] as const;
  const sigmas = spreads.find((name) => settings[`use_${name}_sigmas`] === true);
  return sigmas ? { sigmas } : {};
};
const lowered = ({ settings }: SchedulerConfig) =>
  settings.lower_order_final === false ? { lowerOrderFinal: false } : {};
const named = <T extends string>(value: unknown, ...allowed: T[]): T | undefined =>
  allowed.find((name) => name === value);

const dpmSolver =
  (form: Pick<DpmSolverOptions, "method" | "sde">): SamplerKind["table"] =>
  (config, common) => {
    const { solver_order: order, solver_type: type } = config.settings;
    return dpmSolverSteps(config.schedule, {
      ...common,
      ...sigmasOf(config),
      // The singlestep class lowers only where it must, which is the default.
      ...(form.method !== "singlestep" && lowered(config)),
      ...form,
      order: order as DpmSolverOptions["order"],
      slope: named(type, "midpoint", "heun"),
    });
  };

/** Every sampler by its name; where the clean estimate is clipped, by diffusers' conventions. */
const kinds = {
  ddim: {
    eta: 0,
    defaultSteps: 20,
    table: ({ schedule }, common, eta) =>
      ddimSteps(schedule, { ...common, eta, keepEpsilon: true }),
  },
  ddpm: {
    defaultSteps: Number.POSITIVE_INFINITY,
    table({ schedule, varianceType }, common) {
      const variance = (varianceType ?? undefined) as DdpmVariance | undefined;
      return ddpmSteps(schedule, { ...common, variance });
    },
  },
  euler: {
    defaultSteps: 20,
    table: (config, common) => eulerSteps(config.schedule, { ...common, ...sigmasOf(config) }),
  },
  "euler-ancestral": {
    eta: 1,
    defaultSteps: 20,
    table: (config, common, eta) =>
      eulerAncestralSteps(config.schedule, { ...common, ...sigmasOf(config), eta }),
  },
  heun: {
    defaultSteps: 20,
    table: (config, common) => heunSteps(config.schedule, { ...common, ...sigmasOf(config) }),
  },
  "dpm-solver++": { defaultSteps: 20, table: dpmSolver({}) },
  "dpm-solver++-single": { defaultSteps: 20, table: dpmSolver({ method: "singlestep" }) },
  "dpm-solver++-sde": { defaultSteps: 20, table: dpmSolver({ sde: true }) },
  unipc: {
    defaultSteps: 20,
    table: (config, common) =>
      unipcSteps(config.schedule, {
        ...common,
        ...sigmasOf(config),
        ...lowered(config),
        order: config.settings.solver_order as UnipcOptions["order"],
        scaling: named(config.settings.solver_type, "bh1", "bh2"),
      }),
  },
  "flow-euler": {
    defaultSteps: 20,
    table({ className, flow, stochastic }, { steps, imageLength }) {
      if (!flow) {
        throw new RangeError(
          `sampler must be another than flow-euler for ${className}, which samples no flow`,
        );
      }
      const sigmas = flowSigmas({ ...flow, steps, imageLength });
      return flowEulerSteps({ sigmas, length: flow.length, stochastic });
    },
  },
  lcm: {
    defaultSteps: 4,
    table: ({ schedule, settings }, { steps, predicts }) =>
      lcmSteps(schedule, {
        steps,
        predicts,
        originalSteps: settings.original_inference_steps as number | undefined,
        timestepScaling: settings.timestep_scaling as number | undefined,
      }),
  },
} satisfies Record<string, SamplerKind>;

/** What goes from noise to data, by the names that `gen sample --sampler` takes. */
export type SamplerName = keyof typeof kinds;

/** Every {@link SamplerName}. */
export const samplerNames: readonly SamplerName[] = /* @__PURE__ */ (() =>
  Object.keys(kinds) as SamplerName[])();

/**
 * What makes a sampler's table.
 *
 * @throws RangeError when there is none of that name.
 */
export function samplerKind(name: SamplerName): SamplerKind {
  if (Object.hasOwn(kinds, name)) return kinds[name];
  throw new RangeError(`sampler must be one of ${samplerNames.join(", ")}, got ${String(name)}`);
}
