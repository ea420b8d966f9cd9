export {
  type DdpmOptions,
  type DdpmVariance,
  ddpmSteps,
  generate,
  type Samples,
  type Step,
  sample,
  sampler,
  sampleSteps,
} from "@gen/sampling";
export type { Decoder } from "./bound-term.ts";
export {
  type ConvertOptions,
  convertPrediction,
  type EstimateType,
} from "./convert-prediction.ts";
export { type DataBound, type DataBoundOptions, dataBound, priorBits } from "./data-bound.ts";
export {
  type DdpmLossInputs,
  ddpmLoss,
  ddpmLosses,
  type ObjectiveOptions,
} from "./ddpm-loss.ts";
export {
  posteriorMeanVariance,
  qJump,
  qMeanVariance,
  qStep,
  type RowGaussian,
  velocity,
} from "./forward.ts";
export { lastLevelWarning } from "./last-level-warning.ts";
export { type LossWeighting, type LossWeightOptions, lossWeights } from "./loss-weights.ts";
export { qSample } from "./q-sample.ts";
export {
  type LossSecondMomentOptions,
  type LossSecondMomentSampler,
  lossSecondMoment,
  type TimeSample,
  type TimeSampler,
  uniformTimes,
} from "./time-sampler.ts";
export {
  classifierLoss,
  type TrainClassifierOptions,
  type TrainedClassifier,
  trainClassifier,
} from "./train-classifier.ts";
export { type TrainDdpmOptions, type TrainedDdpm, trainDdpm } from "./train-ddpm.ts";
