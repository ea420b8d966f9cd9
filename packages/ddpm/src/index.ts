export { type Sampling, type Step, sample, sampler } from "@gen/sampling";
export { type DdpmLossInputs, ddpmLoss } from "./ddpm-loss.ts";
export { type DdpmOptions, ddpmSteps } from "./ddpm-steps.ts";
export { lastLevelWarning } from "./last-level-warning.ts";
export { qSample } from "./q-sample.ts";
export { type TrainDdpmOptions, type TrainedDenoiser, trainDdpm } from "./train-ddpm.ts";
