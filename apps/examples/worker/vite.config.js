export default {
  build: { target: "es2022" }, // top-level await
  worker: { format: "es" },
  // The provider wasm needs one file of ONNX Runtime. Remove this line to use the provider webgpu.
  resolve: { alias: { "onnxruntime-web/webgpu": "onnxruntime-web/wasm" } },
};
