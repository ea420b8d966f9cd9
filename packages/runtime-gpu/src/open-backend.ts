import type { Backend } from "./backend.ts";
import { unavailable } from "./errors.ts";
import { inNode } from "./in-node.ts";
import type { DeviceTensor } from "./ledger.ts";
import type { OnnxOptions } from "./onnx.ts";
import type { TfjsOptions } from "./tfjs.ts";

/** Settings of each kind of backend, for when one of its kind is opened. */
export interface OpenOptions {
  onnx?: Omit<OnnxOptions, "device">;
  tfjs?: Omit<TfjsOptions, "device">;
}

type Open = (options: OpenOptions) => Promise<Backend<DeviceTensor>>;

const onnx =
  (device: OnnxOptions["device"]): Open =>
  async ({ onnx }) =>
    (await import("./onnx.ts")).onnxBackend({ ...onnx, device });
const tfjs =
  (device: TfjsOptions["device"]): Open =>
  async ({ tfjs }) =>
    (await import("./tfjs.ts")).tfjsBackend({ ...tfjs, device });
const cpu: Open = async () => (await import("./cpu.ts")).cpuBackend();

/** Every backend that may be had here, the fastest first. */
function openers(): Record<string, Open> {
  const anywhere = { "tfjs/wasm": tfjs("wasm"), "tfjs/cpu": tfjs("cpu"), cpu };
  if (inNode()) {
    return {
      "onnx/node-cpu": onnx("cpu"),
      "onnx/wasm": onnx("wasm"),
      "onnx/node-webgpu": onnx("webgpu"),
      ...anywhere,
    };
  }
  return {
    "onnx/webgpu": onnx("webgpu"),
    "onnx/wasm": onnx("wasm"),
    "tfjs/webgpu": tfjs("webgpu"),
    "tfjs/webgl": tfjs("webgl"),
    ...anywhere,
  };
}

/** The names that `openBackend` takes here, in the order in which `bestBackend` tries them. */
export const backendNames = (): string[] => Object.keys(openers());

/**
 * Opens the backend of this name; `onnx` and `tfjs` alone stand for what these packages do by default.
 * @throws GenError `backend-unavailable` when there is none of that name, or when it cannot be had here.
 */
export async function openBackend(
  name: string,
  options: OpenOptions = {},
): Promise<Backend<DeviceTensor>> {
  const known: Record<string, Open> = {
    ...openers(),
    onnx: onnx(undefined),
    tfjs: tfjs(undefined),
  };
  if (Object.hasOwn(known, name)) return known[name](options);
  throw unavailable(`backend must be one of ${Object.keys(known).join(", ")}, got ${name}`);
}

export interface BestBackendOptions extends OpenOptions {
  /** Names to try, in order; `backendNames()` unless told. */
  prefer?: readonly string[];
  /** Told why each one that comes before the chosen one cannot be had. */
  onRefused?: (name: string, reason: string) => void;
}

/**
 * Opens the first backend of `prefer` that can be had here.
 * @throws GenError `backend-unavailable` saying why each of them cannot.
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
  throw unavailable(`no backend can be had; ${reasons.join("; ") || "prefer is empty"}`);
}

/** Whether a backend can be had here, and why not otherwise. */
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
