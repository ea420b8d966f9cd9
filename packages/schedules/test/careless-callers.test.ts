import { type Call, describeCarelessCallers, REALS } from "../../../tooling/fixtures/careless.ts";
import * as schedules from "../src/index.ts";

const schedule = schedules.linearSchedule({ steps: 8 });
const common = { setAlphaToOne: true, rescaleBetasZeroSnr: false };
const linear = { steps: 8, betaStart: 1e-4, betaEnd: 0.02, ...common };
const curve = { steps: 8, maxBeta: 0.999, ...common };
const sigmas = { steps: 4, sigmaMin: 0.1, sigmaMax: 10 };
const dynamic = { baseShift: 0.5, maxShift: 1.15, baseLength: 256, maxLength: 4096 };

const fraction = ["fraction"] as const;
const finite = ["negative", "fraction"] as const;
const positive = ["infinity", "fraction"] as const;
const range = { "0.sigmaMin": fraction, "0.sigmaMax": fraction };

const calls: Record<string, Call> = {
  cosineSchedule: { args: [curve] },
  expSchedule: { args: [curve] },
  laplaceSchedule: { args: [curve] },
  linearSchedule: { args: [linear] },
  scaledLinearSchedule: { args: [linear] },
  sigmoidSchedule: { args: [linear] },
  scheduleFromBetas: { args: [[0.1, 0.2], common] },
  flowSchedule: { args: [{ steps: 8, shift: 3 }], also: { "0.shift": fraction } },
  flowSigmas: {
    args: [{ steps: 4, shift: 3, dynamic, imageLength: 256, spread: "karras", terminal: 0.1 }],
    also: { "0.shift": fraction, "0.imageLength": fraction },
  },
  aysSigmas: { args: [{ model: "stable-diffusion", steps: 10 }] },
  continuousCosineLevel: { args: [0.5, 0.008], also: { "1": finite } },
  continuousLinearLevel: { args: [0.5, 0.1, 20], also: { "1": finite, "2": finite } },
  flowLevel: { args: [0.5, 1], also: { "1": fraction } },
  logSnrLevel: { args: [1], also: { "0": REALS } },
  logSnrOf: {
    args: [{ signal: 1, noise: 1 }],
    also: { "0.signal": fraction, "0.noise": fraction },
  },
  varianceExplodingLevel: { args: [1], also: { "0": fraction } },
  variancePreservingLevel: { args: [1], also: { "0": fraction } },
  numpyLinspace: { args: [0, 1, 3], also: { "0": finite, "1": finite } },
  rescaleBetasZeroSnr: { args: [[0.1, 0.2]] },
  respacedSchedule: { args: [schedule, [0, 4, 7]] },
  roundHalfEven: { args: [2.5], also: { "0": ["NaN", ...REALS] } },
  scheduleWarnings: { args: [schedule] },
  readSchedulerConfig: {
    args: [{ _class_name: "DDIMScheduler", num_train_timesteps: 8 }],
    also: { "0": ["text"] },
  },
  writeSchedulerConfig: {
    args: [{ schedule, predictionType: "epsilon", clip: 1 }],
    also: { "0.clip": ["null", "fraction"] },
  },
  betaSigmas: { args: [sigmas], also: range },
  exponentialSigmas: { args: [sigmas], also: range },
  karrasSigmas: { args: [{ ...sigmas, rho: 7 }], also: { ...range, "0.rho": fraction } },
  polyexponentialSigmas: { args: [{ ...sigmas, rho: 1 }], also: { ...range, "0.rho": fraction } },
  spaceTimesteps: { args: [8, [2, 2]], also: { "1": ["text"] } },
  timestepOfSigma: { args: [schedule, 1], also: { "1": positive } },
  timestepPairs: { args: [[7, 4, 0], { compat: "diffusers", length: 8 }] },
  timesteps: {
    args: [schedule, { steps: 4, spacing: "leading", offset: 0 }],
    also: { "0": ["number"], "1.spacing": ["list"] },
  },
};

describeCarelessCallers(schedules, calls, new Set([schedule]));
