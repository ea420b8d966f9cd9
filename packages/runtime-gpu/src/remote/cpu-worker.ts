import type { PageWorkerClass, Served } from "./page-worker.ts";

declare const Worker: PageWorkerClass;

export const cpuWorker: Served = {
  library: "cpu",
  startInPage: () => new Worker(new URL("./serve-cpu.js", import.meta.url), { type: "module" }),
};
