import { GenError } from "@gen/math";
import { inNode } from "../in-node.ts";
import type { Served } from "./page-worker.ts";
import type { Remote } from "./port.ts";
import { type Library, programFile } from "./programs.ts";

/** Starts a worker that serves a backend of a library. */
export const startThread = (served: Served): Remote =>
  inNode() ? nodeThread(served.library) : pageWorker(served);

function nodeThread(library: Library): Remote {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const worker = new Worker(programFile(library), { name: `gen ${library}`, execArgv: [] });
  worker.unref();
  let ended = false;
  let failure: Error | undefined;
  worker.on("error", (error) => {
    failure = error;
  });
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    addEventListener: (_, listener) => worker.on("message", (data) => listener({ data })),
    died: new Promise((resolve) => {
      worker.once("exit", (code) => {
        if (!ended) resolve((work) => crashed(library, work, failure?.message ?? `code ${code}`));
      });
    }),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    end() {
      ended = true;
      void worker.terminate();
    },
  };
}

function pageWorker({ library, startInPage }: Served): Remote {
  const worker = startInPage();
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    addEventListener: (type, listener) => worker.addEventListener(type, listener),
    died: new Promise((resolve) => {
      worker.addEventListener("error", ({ message }) =>
        resolve((work) => crashed(library, work, message ?? `${work}: its file did not load`)),
      );
    }),
    hold: () => undefined,
    end: () => worker.terminate(),
  };
}

const crashed = (library: Library, work: string, reason: string) =>
  new GenError(
    "backend-crashed",
    `the worker of ${library} ended while ${work} (${reason}); its tensors are gone, open a new backend`,
  );
