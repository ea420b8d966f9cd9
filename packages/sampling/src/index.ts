export { runInParts } from "./denoiser/batch.ts";
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
export { networkTime } from "./denoiser/network-time.ts";
export { tableAt, wholeTime } from "./denoiser/per-sample.ts";
export { classifierFree, compose } from "./guidance/classifier-free.ts";
export { type Classifier, classifierGuided, labelLogProb } from "./guidance/classifier-guided.ts";
export { inpaint } from "./guidance/inpaint.ts";
export { type Clip, clipBounds, clipped } from "./run/clip.ts";
export { generate, type PipelineSampler, pipelineSampler, pipelineSteps } from "./run/generate.ts";
export type { Generated, GenerateOptions } from "./run/generate-options.ts";
export { keyedNoise, torchNoise } from "./run/noise.ts";
export { type OptimalTimestepsOptions, optimalTimesteps } from "./run/optimal-timesteps.ts";
export type { DiffusionPipeline, Pipeline, PipelineVae, VaePipeline } from "./run/pipeline.ts";
export type {
  AbortSignalLike,
  Progress,
  SampleOptions,
  SamplerOptions,
  Samples,
} from "./run/sample-options.ts";
export { type Sampler, sample, sampler, sampleSteps } from "./run/sampler.ts";
export { ddimSteps } from "./samplers/ddim-steps.ts";
export { type DdpmVariance, ddpmSteps } from "./samplers/ddpm-steps.ts";
export { deisSteps } from "./samplers/deis.ts";
export { dpmSolverSteps } from "./samplers/dpm-solver.ts";
export { eulerAncestralSteps, eulerSteps, flowEulerSteps } from "./samplers/euler.ts";
export { heunSteps } from "./samplers/heun.ts";
export { type InversionOptions, inversionSteps } from "./samplers/inversion-steps.ts";
export { ipndmSteps } from "./samplers/ipndm.ts";
export { lcmSteps } from "./samplers/lcm.ts";
export { type LmsOptions, lmsSteps } from "./samplers/lms.ts";
export { pndmSteps } from "./samplers/pndm.ts";
export { resampledSteps } from "./samplers/resampled-steps.ts";
export { saSolverSteps } from "./samplers/sa-solver.ts";
export { levelTransitions, type Step, stepTable, type Transition } from "./samplers/step.ts";
export { tcdSteps } from "./samplers/tcd.ts";
export { flowTrajectory, trajectory } from "./samplers/trajectory.ts";
export { dpm2Steps, dpmSdeSteps, type TwoStageOptions } from "./samplers/two-stage.ts";
export { unipcSteps } from "./samplers/unipc.ts";
export { type SamplerName, samplerNames } from "./scheduler/sampler-kinds.ts";
export { schedulerNotes } from "./scheduler/scheduler-notes.ts";
export { defaultEta, defaultSampler, schedulerSteps } from "./scheduler/scheduler-steps.ts";
