// Worker threads start from these files, so their URLs are absolute.
const absolute = (path: string): string => new URL(path, location.href).href;

/** The URLs of the files that a backend needs, for a page of the test server. */
export function runtimeFiles(name: string) {
  const build = /^onnx\/web(gpu|nn)/.test(name) ? ".asyncify" : "";
  const file = (kind: string) =>
    absolute(`/onnxruntime-web/ort-wasm-simd-threaded${build}.${kind}`);
  return {
    onnx: { wasmPaths: { mjs: file("mjs"), wasm: file("wasm") } },
    tfjs: { wasmPaths: absolute("/tfjs-backend-wasm/") },
  };
}
