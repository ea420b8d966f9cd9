import type { PageWorkerClass, Served } from "./page-worker.ts";

declare const Worker: PageWorkerClass;

export const onnxWorker: Served = {
  library: "onnx",
  startInPage: () => new Worker(new URL("./serve-onnx.js", import.meta.url), { type: "module" }),
};
