import { serialQueue } from "../serial-queue.ts";

/**
 * The turns of ONNX Runtime's build with WebGPU and WebNN. It hangs or throws when it gets two calls
 * at once, from any backend.
 */
export const pageQueue = serialQueue();
