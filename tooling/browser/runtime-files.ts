// Worker threads are started from these files, so they are named by URLs that stand by themselves.
const at = (path: string): string => new URL(path, location.href).href;

/** For a page: where the test's server has the files that a backend of this name needs. */
export function runtimeFiles(name: string) {
  const build = name.startsWith("onnx/webgpu") ? ".asyncify" : "";
  const file = (kind: string) => at(`/onnxruntime-web/ort-wasm-simd-threaded${build}.${kind}`);
  return {
    onnx: { wasmPaths: { mjs: file("mjs"), wasm: file("wasm") } },
    tfjs: { wasmPaths: at("/tfjs-backend-wasm/") },
  };
}
