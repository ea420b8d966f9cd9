export { ddpmSteps, generate, sample } from "@gen/sampling";
export { convertPrediction } from "./convert-prediction.ts";
export { dataBound } from "./data-bound.ts";
export { ddpmLoss } from "./ddpm-loss.ts";
export { edmLoss, edmPreconditioning } from "./edm-loss.ts";
export {
  posteriorMeanVariance,
  qJump,
  qMeanVariance,
  qSample,
  qStep,
  velocity,
} from "./forward.ts";
export { lossWeights } from "./loss-weights.ts";
export { lossSecondMoment, type TimeSampler } from "./time-sampler.ts";
export { classifierLosses, trainClassifier } from "./train-classifier.ts";
export { type TrainedDdpm, trainDdpm } from "./train-ddpm.ts";
export { trainEdm } from "./train-edm.ts";
