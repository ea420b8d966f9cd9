import type { Backend } from "../backend.ts";
import { inNode } from "../in-node.ts";
import type { Port } from "./port.ts";
import { serveWith } from "./serve-backend.ts";

/** Serves a backend to whoever started this worker or process. */
export function serveHere<T>(open: (options: object) => Promise<Backend<T>>): void {
  serveWith(open, portOfStarter());
}

function portOfStarter(): Port {
  if (!inNode()) return globalThis as unknown as Port;
  const { parentPort } = process.getBuiltinModule("node:worker_threads");
  if (parentPort) {
    return {
      postMessage: (message, transfer) => parentPort.postMessage(message, transfer),
      addEventListener: (_, listener) => parentPort.on("message", (data) => listener({ data })),
    };
  }
  return portOfParent();
}

function portOfParent(): Port {
  endWithParent();
  const parent = process.ppid;
  let lastSent: Promise<unknown> = Promise.resolve();
  return {
    postMessage(message) {
      lastSent = new Promise((resolve) => process.send?.(message, undefined, undefined, resolve));
    },
    addEventListener(_, listener) {
      // The first message opens the backend, which does not wait for another thread to start.
      process.once("message", () => process.once("message", () => watchParent(parent)));
      process.on("message", (data) => listener({ data }));
    },
    sent: () => lastSent,
  };
}

/** Ends this process with its parent and not before: Ctrl-C reaches both, and the parent saves. */
function endWithParent(): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
  process.on("disconnect", () => process.exit());
  // Where memory runs out, Linux ends this process rather than its parent.
  const { writeFile } = process.getBuiltinModule("node:fs");
  writeFile("/proc/self/oom_score_adj", "500", () => undefined);
}

/** A native run blocks this thread for as long as it takes, so another thread watches the parent. */
function watchParent(parent: number): void {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const watch = (parent: number) =>
    setInterval(() => process.ppid === parent || process.kill(process.pid, "SIGKILL"), 500);
  new Worker(`(${watch})(${parent})`, { eval: true }).unref();
}
