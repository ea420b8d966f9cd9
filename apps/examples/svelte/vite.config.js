import { svelte } from "@sveltejs/vite-plugin-svelte";

export default {
  plugins: [svelte()],
  worker: { format: "es" },
  // The provider wasm needs one file of ONNX Runtime. Remove this line to use the provider webgpu.
  resolve: { alias: { "onnxruntime-web/webgpu": "onnxruntime-web/wasm" } },
};
