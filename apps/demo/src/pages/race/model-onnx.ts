import { readSafetensors } from "@gen/data";
import { toOnnx } from "@gen/graph/onnx";
import { networkGraph, withWeights } from "@gen/nn";
import { pointDenoiser } from "../points/point-denoiser.ts";

/** The network of a safetensors file as an ONNX model: x `[batch, 2]`, t `[batch]` to epsilon. */
export function modelOnnx(file: Uint8Array): Blob {
  const network = withWeights(pointDenoiser(), readSafetensors(file).tensors);
  return new Blob([toOnnx(networkGraph(network, "epsilon")) as BlobPart]);
}
