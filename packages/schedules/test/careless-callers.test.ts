import { type Call, describeCarelessCallers } from "../../../tooling/fixtures/careless.ts";
import * as schedules from "../src/index.ts";

const schedule = schedules.linearSchedule({ steps: 8 });
const common = { setAlphaToOne: true, rescaleBetasZeroSnr: false };
const linear = { steps: 8, betaStart: 1e-4, betaEnd: 0.02, ...common };
const curve = { steps: 8, maxBeta: 0.999, ...common };
const sigmas = { steps: 4, sigmaMin: 0.1, sigmaMax: 10 };
const dynamic = { baseShift: 0.5, maxShift: 1.15, baseLength: 256, maxLength: 4096 };

const calls: Record<string, Call> = {
  cosineSchedule: { args: [curve] },
  expSchedule: { args: [curve] },
  laplaceSchedule: { args: [curve] },
  linearSchedule: { args: [linear] },
  scaledLinearSchedule: { args: [linear] },
  sigmoidSchedule: { args: [linear] },
  scheduleFromBetas: { args: [[0.1, 0.2], common] },
  flowSchedule: { args: [{ steps: 8, shift: 3 }] },
  flowSigmas: {
    args: [{ steps: 4, shift: 3, dynamic, imageLength: 256, spread: "karras", terminal: 0.1 }],
  },
  aysSigmas: { args: [{ model: "stable-diffusion", steps: 10 }] },
  continuousCosineLevel: { args: [0.5, 0.008] },
  continuousLinearLevel: { args: [0.5, 0.1, 20] },
  flowLevel: { args: [0.5, 1] },
  logSnrLevel: { args: [1] },
  logSnrOf: { args: [{ signal: 1, noise: 1 }] },
  varianceExplodingLevel: { args: [1] },
  variancePreservingLevel: { args: [1] },
  numpyLinspace: { args: [0, 1, 3] },
  rescaleBetasZeroSnr: { args: [[0.1, 0.2]] },
  respacedSchedule: { args: [schedule, [0, 4, 7]] },
  roundHalfEven: { args: [2.5], also: { "0": ["NaN"] } },
  scheduleWarnings: { args: [schedule] },
  readSchedulerConfig: {
    args: [{ _class_name: "DDIMScheduler", num_train_timesteps: 8 }],
    also: { "0": ["text"] },
  },
  writeSchedulerConfig: {
    args: [{ schedule, predictionType: "epsilon", clip: 1 }],
    also: { "0.clip": ["null"] },
  },
  betaSigmas: { args: [sigmas] },
  exponentialSigmas: { args: [sigmas] },
  karrasSigmas: { args: [{ ...sigmas, rho: 7 }] },
  polyexponentialSigmas: { args: [{ ...sigmas, rho: 1 }] },
  spaceTimesteps: { args: [8, [2, 2]], also: { "1": ["text"] } },
  timestepOfSigma: { args: [schedule, 1] },
  timestepPairs: { args: [[7, 4, 0], { compat: "diffusers", length: 8 }] },
  timesteps: {
    args: [schedule, { steps: 4, spacing: "leading", offset: 0 }],
    also: { "0": ["number"], "1.spacing": ["list"] },
  },
};

describeCarelessCallers(schedules, calls, new Set([schedule]));
