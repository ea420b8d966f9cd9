import type { PredictionType } from "@gen/math";
import { ArgumentError, refused } from "@gen/math/arguments";
import {
  flowSigmas,
  type NoiseSchedule,
  type SchedulerConfig,
  type TimestepOptions,
} from "@gen/schedules";
import { ddimSteps } from "../samplers/ddim-steps.ts";
import { type DdpmVariance, ddpmSteps } from "../samplers/ddpm-steps.ts";
import { deisSteps } from "../samplers/deis.ts";
import { dpmSolverSteps } from "../samplers/dpm-solver.ts";
import { eulerAncestralSteps, eulerSteps, flowEulerSteps } from "../samplers/euler.ts";
import { heunSteps } from "../samplers/heun.ts";
import { ipndmSteps } from "../samplers/ipndm.ts";
import { lcmSteps } from "../samplers/lcm.ts";
import { lmsSteps } from "../samplers/lms.ts";
import { pndmSteps } from "../samplers/pndm.ts";
import { saSolverSteps } from "../samplers/sa-solver.ts";
import type { Step } from "../samplers/step.ts";
import { tcdSteps } from "../samplers/tcd.ts";
import { dpm2Steps, dpmSdeSteps } from "../samplers/two-stage.ts";
import { unipcSteps } from "../samplers/unipc.ts";

/** What every table is made of. A spacing that is left out is the sampler's own. */
interface DirectOptions extends TimestepOptions {
  /** What the denoiser predicts. */
  readonly predicts: PredictionType;
  /** How many steps; a sampler may evaluate more often. */
  readonly steps: number;
  /** Tokens of an image, for a flow whose shift grows with it. */
  readonly imageLength?: number;
  /** DDPM's variance, or null for its default. */
  readonly varianceType: string | null;
  /** Whether DDIM goes on with the noise that a clipped x0 implies. */
  readonly useClippedModelOutput?: boolean;
  /** The flow's shift and length, if the schedule is a flow. */
  readonly flow: SchedulerConfig["flow"];
}

/** How a sampler's table is made, and its defaults. */
interface SamplerKind {
  /** The default of `eta`; undefined for a sampler that has none. */
  readonly eta?: number;
  /** The default number of steps. */
  readonly defaultSteps: number;
  /**
   * The sampler's table.
   *
   * @param schedule The noise levels that the denoiser was trained at.
   * @param options Steps, spacing and prediction type.
   * @param eta Fresh noise, gamma for TCD.
   */
  table(schedule: NoiseSchedule, options: DirectOptions, eta: number): Step[];
}

const solver = (
  table: (schedule: NoiseSchedule, options: DirectOptions) => Step[],
): SamplerKind => ({
  defaultSteps: 20,
  table,
});

/** Every sampler by its name; where the clean estimate is clipped, by diffusers' conventions. @internal */
const kinds = {
  ddim: {
    eta: 0,
    defaultSteps: 20,
    table(schedule, { useClippedModelOutput, ...options }, eta) {
      return ddimSteps(schedule, { ...options, eta, keepEpsilon: !useClippedModelOutput });
    },
  },
  ddpm: {
    defaultSteps: Number.POSITIVE_INFINITY,
    table(schedule, { varianceType, ...options }) {
      const variance = (varianceType ?? undefined) as DdpmVariance | undefined;
      return ddpmSteps(schedule, { ...options, variance });
    },
  },
  euler: solver(eulerSteps),
  "euler-ancestral": {
    eta: 1,
    defaultSteps: 20,
    table: (schedule, options, eta) => eulerAncestralSteps(schedule, { ...options, eta }),
  },
  heun: solver(heunSteps),
  lms: solver(lmsSteps),
  dpm2: solver(dpm2Steps),
  "dpm2-ancestral": solver((schedule, options) => dpm2Steps(schedule, { ...options, eta: 1 })),
  "dpm-sde": solver(dpmSdeSteps),
  "dpm-solver++": solver(dpmSolverSteps),
  "dpm-solver++-single": solver((schedule, options) =>
    dpmSolverSteps(schedule, { ...options, method: "singlestep" }),
  ),
  "dpm-solver++-sde": solver((schedule, options) =>
    dpmSolverSteps(schedule, { ...options, sde: true }),
  ),
  unipc: solver(unipcSteps),
  deis: solver(deisSteps),
  "sa-solver": solver(saSolverSteps),
  pndm: solver(pndmSteps),
  ipndm: solver(ipndmSteps),
  "flow-euler": solver((_, { flow, steps, imageLength }) => {
    if (!flow) {
      throw new ArgumentError(
        "sampler must be another than flow-euler for a schedule that is no flow",
      );
    }
    const sigmas = flowSigmas({ ...flow, steps, imageLength });
    return flowEulerSteps({ sigmas, length: flow.length });
  }),
  lcm: {
    defaultSteps: 4,
    table: (schedule, { steps, predicts }) => lcmSteps(schedule, { steps, predicts }),
  },
  tcd: {
    eta: 0.3,
    defaultSteps: 4,
    table: (schedule, options, gamma) =>
      tcdSteps(schedule, { ...options, spacing: "trailing", gamma }),
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
  if (typeof name === "string" && Object.hasOwn(kinds, name)) return kinds[name];
  throw refused("sampler", `one of ${samplerNames.join(", ")}`, name);
}
