import type { PageWorkerClass, Served } from "./page-worker.ts";

declare const Worker: PageWorkerClass;

export const tfjsWorker: Served = {
  library: "tfjs",
  startInPage: () => new Worker(new URL("./serve-tfjs.js", import.meta.url), { type: "module" }),
};
