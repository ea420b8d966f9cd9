import type { Backend } from "./backend.ts";
import type { DeviceTensor } from "./ledger.ts";
import type { OnnxOptions } from "./onnx/onnx-options.ts";
import { openOnnx } from "./onnx/open-onnx.ts";
import { onnxWorker } from "./remote/onnx-worker.ts";
import { openIn } from "./remote/open-in.ts";

export type { OnnxOptions, OnnxRuntime } from "./onnx/onnx-options.ts";

/**
 * A backend that runs a graph as an ONNX model on ONNX Runtime. Its name says which build runs:
 * `onnx/node-cpu`, `onnx/node-webgpu`, `onnx/wasm` or `onnx/webgpu`.
 *
 * @param options Provider, threads, files, and where it runs. Default: the CPU, in this thread.
 * @throws GenError `backend-unavailable` when a package is not installed or the device is missing.
 */
export async function onnxBackend(options: OnnxOptions = {}): Promise<Backend<DeviceTensor>> {
  return openIn(onnxWorker, options, openOnnx);
}
