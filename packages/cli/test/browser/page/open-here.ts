import { type Backend, type DeviceTensor, openBackend } from "@gen/runtime-gpu";
import { runtimeFiles } from "../../../../../tooling/browser/runtime-files.ts";

/**
 * Opens a backend with the files of the test's server. `onnx/webgpu, capturing` is onnx/webgpu with
 * graph capture; `onUncaptured` is called with the reason when a program is not captured.
 * `onnx/wasm, in a worker` is served by a worker.
 * @throws Error when another backend opens.
 */
export async function openHere(
  name: string,
  onUncaptured?: (reason: string) => void,
): Promise<Backend<DeviceTensor>> {
  const [wanted, way] = name.split(", ");
  const { onnx, tfjs } = runtimeFiles(name);
  const [graphCapture, worker] = [way === "capturing", way === "in a worker"];
  const backend = await openBackend(wanted, {
    onnx: { ...onnx, ...(worker ? { worker } : { graphCapture, onUncaptured }) },
    tfjs,
  });
  if (backend.name !== wanted) throw new Error(`${backend.name} ran, wanted ${wanted}`);
  return backend;
}
