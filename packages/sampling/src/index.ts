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
  denoiser,
  splitVariance,
} from "./denoiser/denoiser.ts";
export { denoiserFunction } from "./denoiser/denoiser-function.ts";
export { hostFunction, hostTensor, outputTensor } from "./denoiser/host-function.ts";
export { tableAt } from "./denoiser/values-at.ts";
export { classifierFree, compose, type GuidanceCondition } from "./guidance/classifier-free.ts";
export { type Classifier, classifierGuided } from "./guidance/classifier-guided.ts";
export { inpaint } from "./guidance/inpaint.ts";
export { labelLogProb } from "./guidance/label-log-prob.ts";
export type { AbortSignalLike } from "./run/abort-signal-like.ts";
export { callProgram } from "./run/call-program.ts";
export { type Clip, clipBounds, clipped } from "./run/clip.ts";
export { type Generated, type GenerateOptions, generate } from "./run/generate.ts";
export type { DiffusionPipeline, Pipeline, PipelineVae, VaePipeline } from "./run/pipeline.ts";
export { sample, sampleSteps } from "./run/sample.ts";
export type { Progress, SampleOptions, SamplerOptions, Samples } from "./run/sample-options.ts";
export { type Sampler, sampler } from "./run/sampler.ts";
export { torchNoise } from "./run/torch-noise.ts";
export { ddimSteps } from "./samplers/ddim-steps.ts";
export { type DdpmVariance, ddpmSteps } from "./samplers/ddpm-steps.ts";
export { dpmSolverSteps } from "./samplers/dpm-solver.ts";
export { eulerAncestralSteps, eulerSteps, flowEulerSteps } from "./samplers/euler.ts";
export { heunSteps } from "./samplers/heun.ts";
export { type InversionOptions, inversionSteps } from "./samplers/inversion-steps.ts";
export { lcmSteps } from "./samplers/lcm.ts";
export { resampledSteps } from "./samplers/resampled-steps.ts";
export { type SamplerName, samplerNames } from "./samplers/sampler-kinds.ts";
export { schedulerNotes } from "./samplers/scheduler-notes.ts";
export { defaultEta, defaultSampler, schedulerSteps } from "./samplers/scheduler-steps.ts";
export { levelTransitions, type Step, stepTable, type Transition } from "./samplers/step.ts";
export { flowTrajectory, trajectory } from "./samplers/trajectory.ts";
export { unipcSteps } from "./samplers/unipc.ts";
