import type { DType } from "@gen/graph";
import { peerError, unavailable } from "../errors.ts";
import { inNode } from "../in-node.ts";
import type { GpuBuffer } from "./gpu.ts";

/** What ONNX Runtime's packages have in common. */
export type Ort = Pick<typeof import("onnxruntime-web"), "InferenceSession" | "Tensor" | "env">;
export type OrtTensor = import("onnxruntime-web").Tensor;
export type SessionOptions = import("onnxruntime-web").InferenceSession.SessionOptions;

const importModule = async (name: string): Promise<Ort> => {
  // A bundler must not see these names: one is native code, the other a second copy of the runtime.
  const loaded = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  return loaded.InferenceSession ? loaded : loaded.default;
};

/**
 * ONNX Runtime's native build.
 * @throws GenError `backend-unavailable` outside Node, or when it is not installed or did not load.
 */
export async function loadNode(): Promise<Ort> {
  if (!inNode())
    throw unavailable("onnxruntime-node needs Node; in a page use the provider webgpu or wasm");
  try {
    return await importModule("onnxruntime-node");
  } catch (cause) {
    // Pages do not load the words for Node.
    throw (await import("./node-binding.ts")).bindingError(cause);
  }
}

/**
 * ONNX Runtime compiled to WebAssembly, with its CPU provider or its WebGPU provider.
 * @throws GenError `backend-unavailable` when it is not installed.
 */
export async function loadWeb(provider: "wasm" | "webgpu"): Promise<Ort> {
  // A bundler passes over an import in `try` whose package is not installed.
  try {
    if (inNode()) return await importModule("onnxruntime-web");
    if (provider === "wasm") return await import("onnxruntime-web/wasm");
    return await import("onnxruntime-web/webgpu");
  } catch (cause) {
    throw peerError("onnxruntime-web", cause);
  }
}

/** Threads that this machine and page can run at once. */
export function threadsHere(): number {
  if (inNode()) return process.getBuiltinModule("node:os").availableParallelism();
  const page = globalThis as {
    crossOriginIsolated?: boolean;
    SharedArrayBuffer?: unknown;
    navigator?: { hardwareConcurrency?: number };
  };
  // WebKitGTK has isolated pages whose threads cannot share memory.
  const shares = page.crossOriginIsolated && page.SharedArrayBuffer !== undefined;
  return shares ? (page.navigator?.hardwareConcurrency ?? 1) : 1;
}

/** A tensor in `buffer`, which it owns. */
export const gpuTensor = (ort: Ort, buffer: GpuBuffer, dtype: DType, dims: readonly number[]) =>
  ort.Tensor.fromGpuBuffer(buffer as never, {
    dataType: dtype as "float32",
    dims,
    dispose: () => buffer.destroy(),
  }) as OrtTensor;

export const bufferIn = (tensor: OrtTensor): GpuBuffer => tensor.gpuBuffer as unknown as GpuBuffer;
