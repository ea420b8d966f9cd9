// @ts-check
const at = (/** @type {string} */ kind) =>
  new URL(`/onnxruntime-web/ort-wasm-simd-threaded.${kind}`, location.href).href;

/** Where pages find ONNX Runtime's files; its threads are started from them. */
export const runtimeFiles = { mjs: at("mjs"), wasm: at("wasm") };
