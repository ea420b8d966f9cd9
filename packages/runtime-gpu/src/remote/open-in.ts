import type { Backend } from "../backend.ts";
import type { DeviceTensor } from "../ledger.ts";
import type { Served } from "./page-worker.ts";
import type { RemoteOptions } from "./remote-options.ts";

/** Opens a backend in a worker or process if the options say so, and with `openHere` otherwise. */
export async function openIn<Options extends RemoteOptions>(
  served: Served,
  options: Options,
  openHere: (options: Options) => Backend<DeviceTensor> | Promise<Backend<DeviceTensor>>,
): Promise<Backend<DeviceTensor>> {
  if (!options.worker && !options.isolate) return openHere(options);
  return (await import("./open-remote.ts")).openRemote(served, options);
}
