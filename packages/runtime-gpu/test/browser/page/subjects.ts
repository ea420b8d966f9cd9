import { runtimeFiles } from "../../../../../tooling/browser/runtime-files.ts";
import { type Backend, type DeviceTensor, openBackend } from "../../../src/index.ts";

/** Opens a backend with its files where the test's server has them. */
export function openHere(name: string, gpuDevice?: object): Promise<Backend<DeviceTensor>> {
  const { onnx, tfjs } = runtimeFiles(name);
  return openBackend(name, { onnx: { ...onnx, gpuDevice }, tfjs: { ...tfjs, gpuDevice } });
}
