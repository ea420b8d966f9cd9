import { readSafetensors } from "@gen/data";
import * as points from "../points/model-files.ts";

/** The network of a safetensors file as an ONNX model. */
export const onnxFile = (file: Uint8Array): Blob => points.onnxFile(readSafetensors(file).tensors);

/** The network of a safetensors file and its schedule as a folder. */
export function folderFile(file: Uint8Array): Blob {
  const { tensors, metadata } = readSafetensors(file);
  return points.folderFile(tensors, Number(metadata.bound));
}
