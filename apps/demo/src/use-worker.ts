import * as comlink from "comlink";
import { onScopeDispose, ref } from "vue";
import { serverReachable } from "./network.ts";

/** What a worker can do. Pass callbacks through `comlink.proxy`. */
export interface Work {
  /** Returns when the work can be used. If the worker's script is blocked, it never returns. */
  ready(): boolean;
}

/** Where work runs. */
export interface WorkPlaces<W extends Work> {
  /** Starts the worker, whose script exposes the work with comlink. */
  worker(): Worker;
  /** Does the work in the page itself, where workers are blocked. */
  inPage(): Promise<W>;
}

interface Connection<W> {
  readonly work: comlink.Remote<W> | W;
  readonly inPage: boolean;
  close(): void;
}

/** Runs work in a worker, or in the page itself if workers are blocked. */
export function useWorker<W extends Work>(places: WorkPlaces<W>) {
  /** Whether the work runs in the page itself. */
  const inPage = ref(false);
  let failed = false;
  let connection: Promise<Connection<W>> | undefined;

  function start(): Promise<Connection<W>> {
    failed = false;
    const opening = connect(places);
    connection = opening;
    opening.then(
      (opened) => {
        inPage.value = opened.inPage;
      },
      () => {
        failed = opening === connection;
      },
    );
    return opening;
  }

  function end(): void {
    // A connection that failed needs no closing.
    void connection?.then(
      (opened) => opened.close(),
      () => undefined,
    );
    connection = undefined;
  }

  onScopeDispose(end);
  return {
    inPage,
    /** The work. Starts at the first call, and again if the last start failed. */
    async work(): Promise<comlink.Remote<W>> {
      const opening = connection && !failed ? connection : start();
      return (await opening).work as comlink.Remote<W>;
    },
    /** Ends the worker. A library that failed to start may never start in the old one. */
    end,
  };
}

async function connect<W extends Work>(places: WorkPlaces<W>): Promise<Connection<W>> {
  try {
    return await startWorker<W>(places.worker());
  } catch {
    return { work: await places.inPage(), inPage: true, close() {} };
  }
}

/** @throws Error when the page may not start module workers, or a file of the worker is missing. */
async function startWorker<W extends Work>(worker: Worker): Promise<Connection<W>> {
  const work = comlink.wrap<W>(worker);
  await waitForWorker(Promise.resolve(work.ready()), worker).catch((error: unknown) => {
    worker.terminate();
    throw error;
  });
  return {
    work,
    inPage: false,
    close() {
      work[comlink.releaseProxy]();
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
