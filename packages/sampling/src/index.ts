export type { AbortSignalLike } from "./abort-signal-like.ts";
export { type AncestralOptions, ancestralTable, type DdpmVariance } from "./ancestral-table.ts";
export { type Conditions, conditionInputs, conditionOf } from "./conditions.ts";
export {
  type Denoiser,
  type DenoiserFunction,
  type DenoisingNetwork,
  denoiser,
  splitVariance,
} from "./denoiser.ts";
export {
  type CompiledDenoiser,
  type DenoiserFunctionOptions,
  denoiserFunction,
} from "./denoiser-function.ts";
export type { Clip, DynamicThreshold } from "./engine.ts";
export {
  type ClassifierFreeFunctionOptions,
  type ClassifierFreeOptions,
  type ComposedCondition,
  type ComposeOptions,
  type Condition,
  classifierFree,
  compose,
  composeFunctions,
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
  type ResampledOptions,
  resampledSteps,
} from "./guidance/inpaint.ts";
export type { Interval } from "./guidance/interval.ts";
export { type LatentScaling, latentScaling } from "./latent-scaling.ts";
export { type LoadModelOptions, loadModel, type ReadFile } from "./load-model.ts";
export { type LoadPipelineOptions, loadPipeline } from "./load-pipeline.ts";
export type { Progress } from "./loop.ts";
export type { Pipeline, PipelineInput, PipelineVae } from "./pipeline.ts";
export {
  type SampleOptions,
  type Sampler,
  type SamplerOptions,
  sample,
  sampler,
} from "./sampler.ts";
export type { SampleStep, Samples, Sampling } from "./sampling-run.ts";
export { savePipeline, savePipelineVae } from "./save-pipeline.ts";
export { type SamplerName, samplerNames } from "./scheduler/sampler-kinds.ts";
export { schedulerNotes } from "./scheduler/scheduler-notes.ts";
export {
  type SchedulerSteps,
  type SchedulerStepsOptions,
  schedulerSteps,
  usualEta,
  usualSampler,
} from "./scheduler/scheduler-steps.ts";
export { type DpmSolverOptions, dpmSolverSteps } from "./solvers/dpm-solver.ts";
export {
  eulerAncestralSteps,
  eulerSteps,
  type FlowEulerOptions,
  flowEulerSteps,
} from "./solvers/euler.ts";
export { heunSteps } from "./solvers/heun.ts";
export { type LcmOptions, lcmSteps } from "./solvers/lcm.ts";
export {
  type FlowOptions,
  flowTrajectory,
  type Path,
  type TrajectoryOptions,
  trajectory,
} from "./solvers/trajectory.ts";
export { type UnipcOptions, unipcSteps } from "./solvers/unipc.ts";
export type { SolverOptions } from "./solvers/update.ts";
export { splitRows } from "./split-rows.ts";
export {
  type LearnedVariance,
  levelTransitions,
  type NextCoefficients,
  type Step,
  type StepOptions,
  stepTable,
  type Transition,
} from "./step.ts";
export { type TorchNoise, type TorchNoiseOptions, torchNoise } from "./torch-noise.ts";
