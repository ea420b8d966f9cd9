export { type LoadModelOptions, loadModel, type ReadFile } from "./load-model.ts";
export { type LoadPipelineOptions, loadPipeline } from "./load-pipeline.ts";
export { savePipeline, savePipelineVae } from "./save-pipeline.ts";
