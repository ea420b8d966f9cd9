export { describeFolder, type PipelineFolder } from "./describe-folder.ts";
export type { ReadFile } from "./folder-files.ts";
export { type LoadModelOptions, loadModel } from "./load-model.ts";
export { type LoadPipelineOptions, loadPipeline } from "./load-pipeline.ts";
export { loraAdapters } from "./lora/lora-adapters.ts";
export { mergeLora } from "./lora/merge-lora.ts";
export { partSizes } from "./part-sizes.ts";
export {
  type ImageModel,
  imageToImage,
  inpaint,
  openImageModel,
  textToImage,
} from "./prompt/image-model.ts";
export type { Pictures } from "./prompt/make-pictures.ts";
export type {
  ImageToImageOptions,
  InpaintOptions,
  OpenImageModelOptions,
  TextToImageOptions,
} from "./prompt/options.ts";
export { toPixels } from "./prompt/to-pixels.ts";
export { pipelineFiles, savePipeline } from "./save-pipeline.ts";
export { addEmbeddings, readEmbedding } from "./text/embeddings.ts";
export { loadTokenizer, type PromptTokenizer } from "./text/load-tokenizer.ts";
