import { type Backend, type DeviceTensor, openBackend } from "@gen/runtime-gpu";
import { runtimeFiles } from "../../../../../tooling/browser/runtime-files.ts";

/**
 * Opens a backend with its files where the test's server has them; `onnx/webgpu, capturing` is onnx/webgpu
 * with graph capture, `onUncaptured` told where it is not had.
 * @throws Error where another one comes.
 */
export async function openHere(
  name: string,
  onUncaptured?: (reason: string) => void,
): Promise<Backend<DeviceTensor>> {
  const [wanted, capturing] = name.split(", ");
  const { onnx, tfjs } = runtimeFiles(name);
  const graphCapture = capturing === "capturing";
  const backend = await openBackend(wanted, {
    onnx: { ...onnx, graphCapture, onUncaptured },
    tfjs,
  });
  if (backend.name !== wanted) throw new Error(`${backend.name} ran, wanted ${wanted}`);
  return backend;
}
