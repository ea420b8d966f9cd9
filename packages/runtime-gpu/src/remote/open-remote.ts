import { ArgumentError } from "@gen/math/arguments";
import type { Backend } from "../backend.ts";
import { unavailable } from "../errors.ts";
import { inNode } from "../in-node.ts";
import type { DeviceTensor } from "../ledger.ts";
import type { Served } from "./page-worker.ts";
import type { RemoteOptions } from "./remote-options.ts";
import { startProcess } from "./start-process.ts";
import { startThread } from "./start-thread.ts";

/**
 * Opens a backend in a worker or a process.
 * @throws RangeError when an option holds what cannot be sent, such as a function.
 * @throws GenError `backend-unavailable` when it cannot be opened there.
 */
export async function openRemote(
  served: Served,
  { worker, isolate, ...options }: RemoteOptions,
): Promise<Backend<DeviceTensor>> {
  for (const [name, value] of Object.entries(options)) {
    const fixed = typeof value === "function" || ["runtime", "gpuDevice"].includes(name);
    if (!fixed || value === undefined) continue;
    throw new ArgumentError(
      `${name} cannot be sent to a worker; leave it out, or call serveBackend in a worker of yours`,
    );
  }
  if (isolate && !inNode()) {
    throw unavailable("isolate needs a process, which only Node has; in a page use worker: true");
  }
  // It starts while this thread loads what speaks to it.
  const remote = isolate ? startProcess(served.library) : startThread(served);
  return (await import("./worker-backend.ts")).remoteBackend(remote, options);
}
