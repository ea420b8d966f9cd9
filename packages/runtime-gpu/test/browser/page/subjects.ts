import { runtimeFiles } from "../../../../../tooling/browser/runtime-files.ts";
import type { OpenOptions } from "../../../src/backend-kinds.ts";
import { type Backend, type DeviceTensor, openBackend } from "../../../src/index.ts";

/**
 * Opens a backend with its files from the test's server; `onnx/webgpu, capturing` is onnx/webgpu
 * with graph capture.
 */
export async function openHere(
  name: string,
  gpuDevice?: object,
  more: OpenOptions["onnx"] = {},
): Promise<Backend<DeviceTensor>> {
  const { onnx, tfjs } = runtimeFiles(name);
  const [wanted, capturing] = name.split(", ");
  const graphCapture = capturing === "capturing";
  const backend = await openBackend(wanted, {
    onnx: { ...onnx, gpuDevice, graphCapture, ...more },
    tfjs: { ...tfjs, gpuDevice },
  });
  if (backend.name !== wanted) throw new Error(`${backend.name} ran, wanted ${wanted}`);
  return backend;
}
