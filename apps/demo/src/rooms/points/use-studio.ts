import * as comlink from "comlink";
import { onScopeDispose, ref } from "vue";
import { serverReachable } from "../../network.ts";
import type { Studio } from "./studio.ts";

interface Running {
  readonly studio: Studio;
  readonly inPage: boolean;
  end(): void;
}

/** The studio of the room: in a worker, or in the page itself where workers are blocked. */
export function useStudio() {
  /** Whether the page itself computes. */
  const inPage = ref(false);
  let failed = false;
  let running = start();
  watch(running);

  function watch(started: Promise<Running>): void {
    failed = false;
    started.then(
      (studio) => {
        inPage.value = studio.inPage;
      },
      () => {
        failed = started === running;
      },
    );
  }

  function renew(): void {
    end(running);
    running = start();
    watch(running);
  }

  /** The studio; one that could not start is started anew. */
  async function current(): Promise<Studio> {
    if (failed) renew();
    return (await running).studio;
  }

  onScopeDispose(() => end(running));
  // A plain object: whatever Vue asks a comlink proxy about itself would become a message.
  const studio: Omit<Studio, "ready"> = {
    train: async (request, hear) => (await current()).train(request, hear),
    stop: async () => (await current()).stop(),
    sample: async (request, hear) => (await current()).sample(request, hear),
    cancel: async () => (await current()).cancel(),
  };
  return {
    ...studio,
    inPage,
    /** A new worker, which knows nothing: a library that failed to start may fail in the old one for ever. */
    renew,
  };
}

/** Ends a studio once it has started; one that could not start holds nothing. */
const end = (started: Promise<Running>): void =>
  void started.then(
    (studio) => studio.end(),
    () => undefined,
  );

async function start(): Promise<Running> {
  try {
    return await startWorker();
  } catch {
    const { createStudio } = await import("./create-studio.ts");
    return { studio: createStudio(), inPage: true, end() {} };
  }
}

/** @throws where this page may not start workers, the engine has none that are modules, or its files do not come. */
async function startWorker(): Promise<Running> {
  const worker = new Worker(new URL("./studio.worker.ts", import.meta.url), { type: "module" });
  const remote = comlink.wrap<Studio>(worker);
  await answer(remote.ready(), worker).catch((error: unknown) => {
    worker.terminate();
    throw error;
  });
  const studio: Studio = {
    ready: () => true,
    train: (request, hear) => remote.train(request, comlink.proxy(hear)),
    stop: () => void remote.stop(),
    sample: (request, hear) => remote.sample(request, comlink.proxy(hear)),
    cancel: () => void remote.cancel(),
  };
  return {
    studio,
    inPage: false,
    end() {
      remote[comlink.releaseProxy]();
      worker.terminate();
    },
  };
}

/** Waits for a worker's first answer; Firefox does not tell that a file of a worker did not come. */
async function answer(ready: Promise<unknown>, worker: Worker): Promise<void> {
  let probe: ReturnType<typeof setInterval> | undefined;
  const refused = new Promise<never>((_, reject) => {
    worker.addEventListener("error", () => reject(new Error("no worker")), { once: true });
    probe = setInterval(async () => {
      if (!(await serverReachable())) reject(new Error("the network is gone"));
    }, 3000);
  });
  try {
    await Promise.race([ready, refused]);
  } finally {
    clearInterval(probe);
  }
}
