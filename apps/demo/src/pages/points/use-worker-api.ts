import { proxy } from "comlink";
import { useWorker } from "../../use-worker.ts";
import type { WorkerApi } from "./worker-api.ts";

/** Training and sampling, in a worker or in the page itself. */
export function useWorkerApi() {
  const { inPage, work, end } = useWorker<WorkerApi>({
    worker: () => new Worker(new URL("./points.worker.ts", import.meta.url), { type: "module" }),
    inPage: () => import("./create-worker-api.ts").then((module) => module.createWorkerApi()),
  });
  // The page needs the worker soon, and the page says early if there is none.
  void work().catch(() => undefined);
  // A plain object. On a comlink proxy, each property that Vue reads would become a message.
  const api: Omit<WorkerApi, "ready"> = {
    train: async (request, onProgress) => (await work()).train(request, proxy(onProgress)),
    stop: async () => (await work()).stop(),
    restore: async (model) => (await work()).restore(model),
    sample: async (request, onFrame) => (await work()).sample(request, proxy(onFrame)),
    cancel: async () => (await work()).cancel(),
  };
  return {
    ...api,
    inPage,
    /** Starts a new worker. A library that failed to start may never start in the old one. */
    restart() {
      end();
      void work().catch(() => undefined);
    },
  };
}
