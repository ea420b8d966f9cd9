export {
  type ConditionOption,
  type Conditions,
  conditionInputs,
  conditionOf,
  namedConditions,
} from "./denoiser/conditions.ts";
export {
  type Denoiser,
  type DenoiserFunction,
  type DenoisingNetwork,
  denoiser,
  splitVariance,
} from "./denoiser/denoiser.ts";
export {
  type CompiledDenoiser,
  type DenoiserFunctionOptions,
  denoiserFunction,
} from "./denoiser/denoiser-function.ts";
export { hostFunction, hostTensor, outputTensor } from "./denoiser/host-function.ts";
export { tableAt } from "./denoiser/values-at.ts";
export {
  type ClassifierFreeFunctionOptions,
  type ClassifierFreeOptions,
  type ComposedCondition,
  type ComposeFunctionOptions,
  type ComposeOptions,
  classifierFree,
  compose,
  type GuidanceCondition,
} from "./guidance/classifier-free.ts";
export {
  type Classifier,
  type ClassifierGradient,
  type ClassifierGuidedOptions,
  type ClassifierLabel,
  classifierGuided,
} from "./guidance/classifier-guided.ts";
export type { GuidanceOptions } from "./guidance/combine.ts";
export {
  type InpaintOptions,
  inpaint,
} from "./guidance/inpaint.ts";
export type { Interval } from "./guidance/interval.ts";
export { labelLogProb } from "./guidance/label-log-prob.ts";
export type { AbortSignalLike } from "./run/abort-signal-like.ts";
export { type Clip, clipBounds, clipped } from "./run/clip.ts";
export type { DynamicThreshold } from "./run/dynamic-threshold.ts";
export {
  type Generated,
  type GenerateOptions,
  type GenerateProgress,
  generate,
} from "./run/generate.ts";
export type { DiffusionPipeline, Pipeline, PipelineVae, VaePipeline } from "./run/pipeline.ts";
export { sample, sampleSteps } from "./run/sample.ts";
export type {
  Progress,
  SampleOptions,
  SamplerOptions,
  SampleStep,
  Samples,
} from "./run/sample-options.ts";
export { type Sampler, sampler } from "./run/sampler.ts";
export { type TorchNoise, type TorchNoiseOptions, torchNoise } from "./run/torch-noise.ts";
export { type DdimOptions, ddimSteps } from "./samplers/ddim-steps.ts";
export { type DdpmOptions, type DdpmVariance, ddpmSteps } from "./samplers/ddpm-steps.ts";
export { type DpmSolverOptions, dpmSolverSteps } from "./samplers/dpm-solver.ts";
export {
  eulerAncestralSteps,
  eulerSteps,
  type FlowEulerOptions,
  flowEulerSteps,
} from "./samplers/euler.ts";
export { heunSteps } from "./samplers/heun.ts";
export { type InversionOptions, inversionSteps } from "./samplers/inversion-steps.ts";
export { type LcmOptions, lcmSteps } from "./samplers/lcm.ts";
export { type ResampledOptions, resampledSteps } from "./samplers/resampled-steps.ts";
export { type SamplerName, samplerNames } from "./samplers/sampler-kinds.ts";
export { schedulerNotes } from "./samplers/scheduler-notes.ts";
export {
  defaultEta,
  defaultSampler,
  type SchedulerSteps,
  type SchedulerStepsOptions,
  schedulerSteps,
} from "./samplers/scheduler-steps.ts";
export {
  type LearnedVariance,
  levelTransitions,
  type NextCoefficients,
  type Step,
  type StepOptions,
  stepTable,
  type Transition,
} from "./samplers/step.ts";
export {
  type FlowOptions,
  flowTrajectory,
  type Path,
  type TrajectoryOptions,
  trajectory,
} from "./samplers/trajectory.ts";
export { type UnipcOptions, unipcSteps } from "./samplers/unipc.ts";
export type { SolverOptions } from "./samplers/update.ts";
