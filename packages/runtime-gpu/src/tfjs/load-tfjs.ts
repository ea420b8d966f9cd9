/*
 * TensorFlow.js's packages, which are optional peers. Each import is written in a `try` with its
 * package's name, because a bundler passes over such an import when the package is not installed.
 */
import { peerError } from "../errors.ts";
import type { Tf } from "./kernel.ts";

/** @throws GenError `backend-unavailable` when TensorFlow.js is not installed. */
export async function loadTfjs(): Promise<Tf> {
  try {
    return await import("@tensorflow/tfjs");
  } catch (cause) {
    throw peerError("@tensorflow/tfjs", cause);
  }
}

/** @throws GenError `backend-unavailable` when its WebAssembly backend is not installed. */
export async function loadTfjsWasm(): Promise<typeof import("@tensorflow/tfjs-backend-wasm")> {
  try {
    return await import("@tensorflow/tfjs-backend-wasm");
  } catch (cause) {
    throw peerError("@tensorflow/tfjs-backend-wasm", cause);
  }
}

/** @throws GenError `backend-unavailable` when its WebGPU backend is not installed. */
export async function loadTfjsWebgpu(): Promise<typeof import("@tensorflow/tfjs-backend-webgpu")> {
  try {
    return await import("@tensorflow/tfjs-backend-webgpu");
  } catch (cause) {
    throw peerError("@tensorflow/tfjs-backend-webgpu", cause);
  }
}
