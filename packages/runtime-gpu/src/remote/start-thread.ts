import { GenError } from "@gen/math";
import { inNode } from "../onnx/runtime.ts";
import type { Remote } from "./port.ts";
import { type Library, programFile } from "./programs.ts";

/** Starts a worker that serves a backend of `library`. */
export const startThread = (library: Library): Remote =>
  inNode() ? nodeThread(library) : pageWorker(library);

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

function pageWorker(library: Library): Remote {
  const worker = pageWorkers[library]();
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

// The packages compile without the DOM's types.
interface PageWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(
    type: "message" | "error",
    listener: (event: { data: unknown; message?: string }) => void,
  ): void;
  terminate(): void;
}
declare const Worker: new (url: URL, options: { type: "module" }) => PageWorker;

/** Bundlers look for these expressions, and make a file for each. */
const pageWorkers: Readonly<Record<Library, () => PageWorker>> = {
  onnx: () => new Worker(new URL("./serve-onnx.js", import.meta.url), { type: "module" }),
  tfjs: () => new Worker(new URL("./serve-tfjs.js", import.meta.url), { type: "module" }),
  cpu: () => new Worker(new URL("./serve-cpu.js", import.meta.url), { type: "module" }),
};
