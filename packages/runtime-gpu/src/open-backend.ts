import type { Backend } from "./backend.ts";
import { kindsHere, type OpenOptions, unknownBackend } from "./backend-kinds.ts";
import { unavailable } from "./errors.ts";
import type { DeviceTensor } from "./ledger.ts";

/** The names that `openBackend` takes here, in the order in which `bestBackend` tries them. */
export const backendNames = (): string[] => kindsHere().map(({ name }) => name);

/**
 * Opens the backend of this name; `onnx` and `tfjs` alone open the default device of these packages.
 * @throws GenError `backend-unavailable` when the name is unknown, or when it cannot be opened here.
 */
export async function openBackend(
  name: string,
  options: OpenOptions = {},
): Promise<Backend<DeviceTensor>> {
  const kind = kindsHere().find((each) => each.name === name);
  if (kind) return kind.open(options);
  if (name === "onnx") return (await import("./onnx.ts")).onnxBackend(options.onnx);
  if (name === "tfjs") return (await import("./tfjs.ts")).tfjsBackend(options.tfjs);
  throw unknownBackend([...backendNames(), "onnx", "tfjs"], name);
}

export interface BestBackendOptions extends OpenOptions {
  /** Names to try, in order. @defaultValue `backendNames()` */
  prefer?: readonly string[];
  /** Called with each backend before the chosen one, and why it cannot be opened. */
  onRefused?: (name: string, reason: string) => void;
}

/**
 * Opens the first backend of `prefer` that can be opened here.
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
  readonly name: string;
  readonly available: boolean;
  readonly reason?: string;
}

/** Tries every backend by opening and closing it. */
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
