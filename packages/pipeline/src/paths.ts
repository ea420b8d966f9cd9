/** The files of a pipeline's folder, by path. */
export const pipelinePaths = {
  index: "model_index.json",
  scheduler: "scheduler/scheduler_config.json",
  unet: "unet/model.onnx",
  unetConfig: "unet/config.json",
  transformer: "transformer/model.onnx",
  transformerConfig: "transformer/config.json",
  encoder: "vae_encoder/model.onnx",
  encoderConfig: "vae_encoder/config.json",
  decoder: "vae_decoder/model.onnx",
  decoderConfig: "vae_decoder/config.json",
  safetyChecker: "safety_checker/model.onnx",
  featureExtractor: "feature_extractor/preprocessor_config.json",
} as const;

/** The file of a part that exporters write unless they are told otherwise. */
const MODEL_FILE = "model.onnx";

/** Where repositories of PyTorch's files have an export beside them. */
const EXPORTED = "onnx/";

/** The paths that a file other than a model may have, in the order in which they count. */
export const filePlaces = (path: string): readonly string[] => [path, EXPORTED + path];

/** Other files of a part's model: a subfolder's, and those of ONNX Runtime's optimizer and quantizer. */
const OTHER_FILES = [
  "onnx/model.onnx",
  "model_optimized.onnx",
  "model_fp16.onnx",
  "onnx/model_fp16.onnx",
  "model_quantized.onnx",
  "onnx/model_quantized.onnx",
];

/** The paths that a model at `path` may have, in the order in which they count. */
export function modelPlaces(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const isPart = folder !== "" && path === folder + MODEL_FILE;
  return isPart ? [...filePlaces(path), ...OTHER_FILES.map((file) => folder + file)] : [path];
}

/** The folders of models that a pipeline may have, and what each is for. */
export const partPurposes = {
  unet: "estimates the noise in a sample",
  transformer: "estimates the noise or the velocity in a sample",
  controlnet: "guides the denoiser by a control picture",
  text_encoder: "encodes the prompt",
  text_encoder_2: "encodes the prompt a second time",
  text_encoder_3: "encodes the prompt a third time",
  vae_decoder: "makes an image from latents",
  vae_encoder: "makes latents from an image, for image to image and inpainting",
  safety_checker: "tells unsafe images; sampling needs none",
} as const;

/** The name of a folder with a model. */
export type PartName = keyof typeof partPurposes;

const EXPORT = "optimum-cli export onnx --model MODEL FOLDER";

/**
 * Why a pipeline lacks a file: what its part is for and how it is made. `isUnconverted` says that the
 * part's config is there, which an export for PyTorch has too.
 */
export function missingText(path: string, isUnconverted: boolean): string {
  const part = path.slice(0, path.indexOf("/"));
  const purpose = Object.hasOwn(partPurposes, part) ? partPurposes[part as PartName] : undefined;
  const start = `${path} is missing from the pipeline folder`;
  if (part === "scheduler") {
    return `${start}: it holds the noise schedule. Copy it from the model that was exported`;
  }
  if (!purpose) return start;
  if (part === "safety_checker") {
    return `${start}: ${part} ${purpose}. Export it by scripts/convert_stable_diffusion_checkpoint_to_onnx.py of diffusers`;
  }
  const torch = isUnconverted
    ? ` ${part}/config.json alone is there: safetensors of PyTorch do not run here.`
    : "";
  return `${start}: ${part} ${purpose}.${torch} Export it by ${EXPORT}`;
}
