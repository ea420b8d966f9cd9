export { describeFolder, type PipelineFolder } from "./describe-folder.ts";
export { type LoadModelOptions, loadModel, type ReadFile } from "./load-model.ts";
export { type LoadPipelineOptions, loadPipeline } from "./load-pipeline.ts";
export { pipelineFiles, savePipeline } from "./save-pipeline.ts";
