import vue from "@vitejs/plugin-vue";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";

/**
 * Keeps the first file of a worker apart from what its other files share. Without it they import that
 * first file, and WebKit then runs it once more: the worker answers twice, from two states.
 */
const workerEntryApart: Plugin = {
  name: "worker-entry-apart",
  options: (options) => ({ ...options, preserveEntrySignatures: "strict" }),
};

// With these two headers a page may share memory, which ONNX Runtime's threads need.
// A host that cannot send them serves the same files: they then run on one thread.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  // Relative, so that the built files work under any path.
  base: "./",
  plugins: [vue()],
  resolve: { conditions: ["@gen/source", ...defaultClientConditions] },
  worker: { format: "es", plugins: () => [workerEntryApart] },
  server: { headers },
  preview: { headers },
  build: { target: "es2022", chunkSizeWarningLimit: 2000 },
  optimizeDeps: {
    // Found only when a worker asks for them, and a page that reloads then loses its training.
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
    // It finds its own files beside itself.
    exclude: ["onnxruntime-web"],
  },
});
