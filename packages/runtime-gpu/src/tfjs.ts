import type { Backend } from "./backend.ts";
import type { DeviceTensor } from "./ledger.ts";
import { openIn } from "./remote/open-in.ts";
import { tfjsWorker } from "./remote/tfjs-worker.ts";
import { openTfjs } from "./tfjs/open-tfjs.ts";
import type { TfjsOptions } from "./tfjs/tfjs-options.ts";

export { fromGraphModel, fromLayersModel } from "./tfjs/from-model.ts";
export type { TfjsOptions } from "./tfjs/tfjs-options.ts";

/**
 * A backend that interprets graphs with TensorFlow.js, node by node, in float32 and int32.
 *
 * TensorFlow.js has one current backend in a page or process. Every run makes its own device
 * current first, so several of these backends and your own TensorFlow.js code work side by side.
 *
 * @param options Device, files, and where it runs. Default: WebAssembly, in this thread.
 * @throws GenError `backend-unavailable` when a package is not installed or the device is missing.
 */
export async function tfjsBackend(options: TfjsOptions = {}): Promise<Backend<DeviceTensor>> {
  return openIn(tfjsWorker, options, openTfjs);
}
