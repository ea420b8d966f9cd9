import { proxy } from "comlink";
import { useWorker } from "../../use-worker.ts";
import type { CompareWork } from "./compare-work.ts";

/** Sampling, in a worker or in the page itself. */
export function useCompareWork(): Omit<CompareWork, "ready"> {
  const { work } = useWorker<CompareWork>({
    worker: () => new Worker(new URL("./compare.worker.ts", import.meta.url), { type: "module" }),
    inPage: () => import("./create-compare-work.ts").then((module) => module.createCompareWork()),
  });
  return {
    use: async (problem) => (await work()).use(problem),
    trace: async (side, request) => (await work()).trace(side, request),
    fresh: async () => (await work()).fresh(),
    measure: async (first, seed, onMeasured) =>
      (await work()).measure(first, seed, proxy(onMeasured)),
    stop: async () => (await work()).stop(),
  };
}
