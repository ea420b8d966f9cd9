import * as comlink from "comlink";
import { onScopeDispose, ref } from "vue";
import { serverReachable } from "../../network.ts";
import type { WorkerApi } from "./worker-api.ts";

interface Connection {
  readonly api: WorkerApi;
  readonly inPage: boolean;
  close(): void;
}

/** Runs the worker API in a worker, or in the page itself if workers are blocked. */
export function useWorkerApi() {
  /** Whether the API runs in the page itself. */
  const inPage = ref(false);
  let failed = false;
  let connection = connect();
  watch(connection);

  function watch(opening: Promise<Connection>): void {
    failed = false;
    opening.then(
      (opened) => {
        inPage.value = opened.inPage;
      },
      () => {
        failed = opening === connection;
      },
    );
  }

  function restart(): void {
    close(connection);
    connection = connect();
    watch(connection);
  }

  /** The API. Connects again if the last attempt failed. */
  async function current(): Promise<WorkerApi> {
    if (failed) restart();
    return (await connection).api;
  }

  onScopeDispose(() => close(connection));
  // A plain object. On a comlink proxy, each property that Vue reads would become a message.
  const api: Omit<WorkerApi, "ready"> = {
    train: async (request, onProgress) => (await current()).train(request, onProgress),
    stop: async () => (await current()).stop(),
    restore: async (model) => (await current()).restore(model),
    sample: async (request, onFrame) => (await current()).sample(request, onFrame),
    cancel: async () => (await current()).cancel(),
  };
  return {
    ...api,
    inPage,
    /** Starts a new worker. A library that failed to start may never start in the old one. */
    restart,
  };
}

/** Closes a connection when it is open. A connection that failed needs no closing. */
const close = (opening: Promise<Connection>): void =>
  void opening.then(
    (connection) => connection.close(),
    () => undefined,
  );

async function connect(): Promise<Connection> {
  try {
    return await startWorker();
  } catch {
    const { createWorkerApi } = await import("./create-worker-api.ts");
    return { api: createWorkerApi(), inPage: true, close() {} };
  }
}

/** @throws Error when the page may not start module workers, or a file of the worker is missing. */
async function startWorker(): Promise<Connection> {
  const worker = new Worker(new URL("./points.worker.ts", import.meta.url), { type: "module" });
  const remote = comlink.wrap<WorkerApi>(worker);
  await waitForWorker(remote.ready(), worker).catch((error: unknown) => {
    worker.terminate();
    throw error;
  });
  const api: WorkerApi = {
    ready: () => true,
    train: (request, onProgress) => remote.train(request, comlink.proxy(onProgress)),
    stop: () => void remote.stop(),
    restore: (model) => remote.restore(model),
    sample: (request, onFrame) => remote.sample(request, comlink.proxy(onFrame)),
    cancel: () => void remote.cancel(),
  };
  return {
    api,
    inPage: false,
    close() {
      remote[comlink.releaseProxy]();
      worker.terminate();
    },
  };
}

/** Waits for a worker's first answer. Firefox reports no error if a worker's file is missing. */
async function waitForWorker(ready: Promise<unknown>, worker: Worker): Promise<void> {
  let probe: ReturnType<typeof setInterval> | undefined;
  const failure = new Promise<never>((_, reject) => {
    worker.addEventListener("error", () => reject(new Error("the worker failed")), { once: true });
    probe = setInterval(async () => {
      if (!(await serverReachable())) reject(new Error("the server cannot be reached"));
    }, 3000);
  });
  try {
    await Promise.race([ready, failure]);
  } finally {
    clearInterval(probe);
  }
}
