import { workerCaller } from "../../../../../tooling/browser/scenario-worker.ts";
import { scenarios } from "./scenarios.ts";

const inWorker = workerCaller(
  () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
);

Object.assign(globalThis, { scenarios, inWorker });
