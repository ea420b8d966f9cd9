const at = (kind) => new URL(`/onnxruntime-web/ort-wasm-simd-threaded.${kind}`, location.href).href;

/** Where pages find ONNX Runtime's files; its threads are started from them. */
export const runtimeFiles = { mjs: at("mjs"), wasm: at("wasm") };

/** Where sampling starts from. */
export const firstNoise = (count) =>
  Float32Array.from({ length: count }, (_, i) => 1.5 * Math.sin(12.9898 * i));

/** Reports when the sample was complete, counted from the navigation's start. */
export const report = (x) =>
  Object.assign(globalThis, { first: { milliseconds: performance.now(), x: Array.from(x) } });
