import type { Backend } from "@gen/runtime-gpu";
import { UsageError } from "./errors.ts";

const openers: Record<string, () => Promise<Backend>> = {
  onnx: async () => (await import("@gen/runtime-gpu/onnx")).onnxBackend(),
  "onnx/node-cpu": async () =>
    (await import("@gen/runtime-gpu/onnx")).onnxBackend({ device: "cpu" }),
  "onnx/wasm": async () => (await import("@gen/runtime-gpu/onnx")).onnxBackend({ device: "wasm" }),
  "onnx/webgpu": async () =>
    (await import("@gen/runtime-gpu/onnx")).onnxBackend({ device: "webgpu" }),
  tfjs: async () => (await import("@gen/runtime-gpu/tfjs")).tfjsBackend({ device: "wasm" }),
  "tfjs/wasm": async () => (await import("@gen/runtime-gpu/tfjs")).tfjsBackend({ device: "wasm" }),
  "tfjs/cpu": async () => (await import("@gen/runtime-gpu/tfjs")).tfjsBackend({ device: "cpu" }),
  cpu: async () => (await import("@gen/runtime-gpu/cpu")).cpuBackend(),
};

/** The names that `--backend` takes; `onnx` and `tfjs` pick the best of theirs. */
export const backendNames: readonly string[] = Object.keys(openers);

/** Opens a backend by name. @throws UsageError on an unknown name, BackendError where it is not there. */
export async function openBackend(name: string): Promise<Backend> {
  if (Object.hasOwn(openers, name)) return openers[name]();
  throw new UsageError(`--backend must be one of ${backendNames.join(", ")}, got ${name}`);
}
