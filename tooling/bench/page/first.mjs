const fileUrl = (kind) =>
  new URL(`/onnxruntime-web/ort-wasm-simd-threaded.${kind}`, location.href).href;

/** The URLs of ONNX Runtime's files. Its threads start from them. */
export const runtimeFiles = { mjs: fileUrl("mjs"), wasm: fileUrl("wasm") };

/** The noise that sampling starts from. */
export const firstNoise = (count) =>
  Float32Array.from({ length: count }, (_, i) => 1.5 * Math.sin(12.9898 * i));

/** Reports the time of the complete sample, from the start of the navigation. */
export const report = (x) =>
  Object.assign(globalThis, { first: { milliseconds: performance.now(), x: Array.from(x) } });
