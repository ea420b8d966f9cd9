export { cosineSchedule, expSchedule, laplaceSchedule } from "./alpha-bar-schedule.ts";
export { aysSigmas } from "./ays-sigmas.ts";
export { flowSchedule } from "./flow-schedule.ts";
export { flowSigmas } from "./flow-sigmas.ts";
export {
  continuousCosineLevel,
  continuousLinearLevel,
  flowLevel,
  logSnrLevel,
  logSnrOf,
  varianceExplodingLevel,
  variancePreservingLevel,
} from "./levels.ts";
export { linearSchedule, scaledLinearSchedule, sigmoidSchedule } from "./linear-schedule.ts";
export { numpyLinspace } from "./linspace.ts";
export type { NoiseSchedule } from "./noise-schedule.ts";
export { rescaleBetasZeroSnr } from "./rescale-betas.ts";
export { respacedSchedule } from "./respaced-schedule.ts";
export { roundHalfEven } from "./round-half-even.ts";
export { scheduleFromBetas } from "./schedule-from-betas.ts";
export { scheduleWarnings } from "./schedule-warnings.ts";
export {
  readSchedulerConfig,
  type SchedulerConfig,
  type SchedulerConfigInput,
  writeSchedulerConfig,
} from "./scheduler-config.ts";
export { betaSigmas, exponentialSigmas, karrasSigmas, polyexponentialSigmas } from "./sigmas.ts";
export { spaceTimesteps } from "./space-timesteps.ts";
export { timestepOfSigma } from "./timestep-of-sigma.ts";
export { timestepPairs } from "./timestep-pairs.ts";
export { type TimestepOptions, timesteps } from "./timesteps.ts";
