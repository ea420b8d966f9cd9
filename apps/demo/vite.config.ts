import vue from "@vitejs/plugin-vue";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";
import { exampleModel } from "./example-model.ts";
import { contentPolicy, offline } from "./vite-offline.ts";

/**
 * Keeps shared code out of a worker's first file. Otherwise the worker's other files import the
 * first file. WebKit then runs it twice, and the worker has two states and answers twice.
 */
const separateWorkerEntry: Plugin = {
  name: "separate-worker-entry",
  options: (options) => ({ ...options, preserveEntrySignatures: "strict" }),
};

// These two headers let a page share memory, which ONNX Runtime's threads need.
// Without them the same files run on one thread.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  // Relative, so that the built files work under any path.
  base: "./",
  plugins: [
    vue({ features: { optionsAPI: false } }),
    exampleModel("sd1"),
    contentPolicy(),
    offline(),
  ],
  resolve: { conditions: ["@gen/source", ...defaultClientConditions] },
  worker: { format: "es", plugins: () => [separateWorkerEntry] },
  server: { headers },
  preview: { headers },
  build: { target: "es2022", chunkSizeWarningLimit: 2000 },
  optimizeDeps: {
    // Vite finds these only when a worker imports them. It then reloads the page, which loses its
    // training.
    include: [
      "@gen/data > fast-png",
      "@gen/data > fflate",
      "@gen/graph > @bufbuild/protobuf/wire",
      "@tensorflow/tfjs",
      "@tensorflow/tfjs-backend-wasm",
      "@tensorflow/tfjs-backend-webgpu",
      "comlink",
      "uplot",
      "vue",
    ],
    // It loads its other files from its own folder.
    exclude: ["onnxruntime-web"],
  },
});
