import type { Backend } from "./backend.ts";
import {
  backendNames,
  kindsHere,
  type OpenOptions,
  openOnnx,
  openTfjs,
  unknownBackend,
} from "./backend-kinds.ts";
import { unavailable } from "./errors.ts";
import type { DeviceTensor } from "./ledger.ts";

/**
 * Opens the backend of this name; `onnx` and `tfjs` alone open these packages' default device.
 *
 * @param name One of `backendNames()`, or `onnx`, or `tfjs`.
 * @param options Where it runs, and settings of its kind. Default: in this thread.
 * @throws GenError `backend-unavailable` when the name is unknown or it cannot be opened here.
 */
export async function openBackend(
  name: string,
  options: OpenOptions = {},
): Promise<Backend<DeviceTensor>> {
  const kind = kindsHere().find((each) => each.name === name);
  if (kind) return kind.open(options);
  const { onnx, tfjs, worker, isolate } = options;
  const where = { worker, isolate };
  if (name === "onnx") return openOnnx({ ...where, ...onnx });
  if (name === "tfjs") return openTfjs({ ...where, ...tfjs });
  throw unknownBackend([...backendNames(), "onnx", "tfjs"], name);
}

/** Which backends are tried, and how they are opened. */
export interface BestBackendOptions extends OpenOptions {
  /** Names to try, in order. @defaultValue `backendNames()` */
  prefer?: readonly string[];
  /**
   * Called with each backend before the chosen one, and why it cannot be opened.
   * @defaultValue none
   */
  onRefused?: (name: string, reason: string) => void;
}

/**
 * Opens the first backend of `prefer` that can be opened here.
 *
 * @param options Names to try, where it runs, and settings of each kind. Default: all names, in
 * this thread.
 * @throws GenError `backend-unavailable` with the reason of each when none can.
 */
export async function bestBackend(
  options: BestBackendOptions = {},
): Promise<Backend<DeviceTensor>> {
  const { prefer = backendNames(), onRefused } = options;
  const reasons: string[] = [];
  for (const name of prefer) {
    try {
      return await openBackend(name, options);
    } catch (error) {
      const { message } = error as Error;
      reasons.push(`${name}: ${message}`);
      onRefused?.(name, message);
    }
  }
  throw unavailable(`no backend can be opened; ${reasons.join("; ") || "prefer is empty"}`);
}

/** Whether a backend can be opened here, and why not otherwise. */
export interface BackendStatus {
  /** The backend's name. */
  readonly name: string;
  /** Whether it can be opened here. */
  readonly available: boolean;
  /** Why it cannot be opened. */
  readonly reason?: string;
}

/**
 * Tries every backend by opening and closing it, for a page that lets people choose one.
 *
 * @param options Where they run, and settings of each kind. Default: in this thread.
 */
export async function backends(options: OpenOptions = {}): Promise<BackendStatus[]> {
  const list: BackendStatus[] = [];
  for (const name of backendNames()) {
    try {
      await (await openBackend(name, options)).close();
      list.push({ name, available: true });
    } catch (error) {
      list.push({ name, available: false, reason: (error as Error).message });
    }
  }
  return list;
}
