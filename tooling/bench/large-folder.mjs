import { unet } from "@gen/nn";
import { pipelineFiles } from "@gen/pipeline";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { externalWeights } from "../fixtures/external-weights.mjs";

/**
 * The files of a folder by path: a UNet of x [4, 16, 16] with random weights beside its model, and the
 * bytes of both. 64 channels are 40 MB, 160 are 253 MB.
 */
export function largeFolder(channels) {
  const shape = [4, 16, 16];
  const network = unet({ size: 16, inChannels: 4, channels, multipliers: [1, 2, 4] });
  const files = pipelineFiles({
    kind: "diffusion",
    denoiser: denoiser(network),
    shape,
    scheduler: { schedule: linearSchedule() },
  });
  const { model, weights } = externalWeights(files["unet/model.onnx"], "model.onnx_data");
  return {
    bytes: model.length + weights.length,
    files: { ...files, "unet/model.onnx": model, "unet/model.onnx_data": weights },
  };
}
