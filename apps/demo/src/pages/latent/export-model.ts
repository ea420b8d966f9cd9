import { writeSafetensors } from "@gen/data";
import { trace } from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { weightsOf, withWeights } from "@gen/nn";
import { pipelineFiles } from "@gen/pipeline";
import { pipelineVae } from "@gen/vae";
import { zipFolder } from "../../zip-folder.ts";
import type { PlainWeights } from "./mlp-vae.ts";
import { latentVae } from "./network.ts";

const modelOf = (weights: PlainWeights) => withWeights(latentVae(), weights);

/** `x [batch, 1, 8, 8]` in [0, 1] to `mean` and `logVariance`, `[batch, 2]` each, as ONNX. */
export function encoderFile(weights: PlainWeights): Uint8Array {
  const { encode, shape } = modelOf(weights);
  return toOnnx(trace(({ x }) => ({ ...encode(x) }), { x: { shape: ["batch", ...shape] } }));
}

/** `z [batch, 2]` to `x [batch, 1, 8, 8]` in [0, 1], as ONNX. */
export function decoderFile(weights: PlainWeights): Uint8Array {
  const { reconstruct, latent } = modelOf(weights);
  return toOnnx(trace(({ z }) => ({ x: reconstruct(z) }), { z: { shape: ["batch", ...latent] } }));
}

/** The weights as a safetensors file, under the names of `mlpVae`'s parameters. */
export const weightsFile = (weights: PlainWeights): Uint8Array =>
  writeSafetensors(weightsOf(modelOf(weights)));

/** Encoder and decoder as a folder in diffusers' layout, which `loadPipeline` opens as a VAE alone. */
export function folderFile(weights: PlainWeights): Blob {
  const model = modelOf(weights);
  return zipFolder(pipelineFiles({ kind: "vae", vae: pipelineVae(model), shape: model.latent }));
}
