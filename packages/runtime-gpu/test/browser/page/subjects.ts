import { type Backend, type DeviceTensor, openBackend } from "../../../src/index.ts";

// Worker threads are started from these files, so they are named by URLs that stand by themselves.
const at = (path: string): string => new URL(path, location.href).href;

/** Opens a backend with its files where the test's server has them. */
export function openHere(name: string, gpuDevice?: object): Promise<Backend<DeviceTensor>> {
  const build = name === "onnx/webgpu" ? ".asyncify" : "";
  const file = (kind: string) => at(`/onnxruntime-web/ort-wasm-simd-threaded${build}.${kind}`);
  return openBackend(name, {
    onnx: { wasmPaths: { mjs: file("mjs"), wasm: file("wasm") }, gpuDevice },
    tfjs: { wasmPaths: at("/tfjs-backend-wasm/"), gpuDevice },
  });
}
