import { type Backend, openBackend as open } from "@gen/runtime-gpu";
import tfjsWasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import tfjsSimd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import tfjsThreads from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import gpuGlue from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import gpuWasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import cpuGlue from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import cpuWasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { Choice } from "./choices.ts";

// A bundler may emit addresses relative to the page. A worker resolves relative addresses
// differently, so all are made absolute.
const absolute = (address: string) => new URL(address, self.location.href).href;

const gpuFiles = { mjs: absolute(gpuGlue), wasm: absolute(gpuWasm) };
const onnxFiles: Readonly<Record<Choice, { mjs: string; wasm: string } | undefined>> = {
  "onnx/wasm": { mjs: absolute(cpuGlue), wasm: absolute(cpuWasm) },
  "onnx/webgpu": gpuFiles,
  "onnx/webnn": gpuFiles,
};
const tfjsFiles = {
  "tfjs-backend-wasm.wasm": absolute(tfjsWasm),
  "tfjs-backend-wasm-simd.wasm": absolute(tfjsSimd),
  "tfjs-backend-wasm-threaded-simd.wasm": absolute(tfjsThreads),
};

/**
 * Opens a backend. The first backend of a library downloads the library and its wasm files.
 *
 * `threads` is for ONNX Runtime's WASM. By default it uses as many as the machine and the page
 * allow. Small networks are faster on one.
 */
export const openBackend = (choice: Choice, threads?: number): Promise<Backend> =>
  open(choice, {
    onnx: { threads, wasmPaths: onnxFiles[choice] },
    tfjs: { wasmPaths: tfjsFiles },
  });
