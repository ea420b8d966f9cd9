export type { AbortSignalLike } from "./abort-signal-like.ts";
export {
  type Denoiser,
  type DenoiserFunction,
  type DenoisingNetwork,
  denoiser,
} from "./denoiser.ts";
export type { Clip } from "./engine.ts";
export { type LatentScaling, latentScaling } from "./latent-scaling.ts";
export { type LoadPipelineOptions, loadPipeline, type ReadFile } from "./load-pipeline.ts";
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
export {
  type NextCoefficients,
  type Step,
  type StepOptions,
  stepTable,
  type Transition,
} from "./step.ts";
