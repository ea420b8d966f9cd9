/** The files of a pipeline's folder, by path. */
export const pipelinePaths = {
  index: "model_index.json",
  scheduler: "scheduler/scheduler_config.json",
  unet: "unet/model.onnx",
  unetConfig: "unet/config.json",
  encoder: "vae_encoder/model.onnx",
  decoder: "vae_decoder/model.onnx",
  decoderConfig: "vae_decoder/config.json",
} as const;
