import type { DType } from "@gen/graph";
import { type Adapter, adapterFacts, wasmFacts, webglFacts, webgpuFacts } from "./device-facts.ts";
import { unavailable } from "./errors.ts";
import { inNode } from "./in-node.ts";
import { threadsHere } from "./onnx/runtime.ts";
import { backendNames } from "./open-backend.ts";

/**
 * How a backend holds numbers of a dtype: as what they are (`own`), as another dtype, in host memory
 * where the CPU computes with them (`host`), or not at all (`none`).
 */
export type Holding = "own" | "float32" | "float64" | "int32" | "host" | "none";

/** What a backend can do in this process or page, found out without loading its library. */
export interface Capabilities {
  /** As `backend.name` says it. */
  readonly backend: string;
  /** Whether the device is there. The library may still be missing: only opening the backend tells. */
  readonly available: boolean;
  /** Why it is not available. */
  readonly reason?: string;
  /** The GPU; undefined where the browser tells nothing about it, and in Node. */
  readonly adapter?: Adapter;
  /**
   * The device's limits by the names that it gives them: WebGPU's (bytes and counts), WebGL's
   * `maxTextureSize` (texels along one side), `maxMemory` (bytes that WebAssembly can address).
   */
  readonly limits: Readonly<Record<string, number>>;
  /** Whether halves are computed as halves on the GPU. */
  readonly f16: boolean;
  readonly subgroups: boolean;
  /** Threads of one operation. */
  readonly threads: number;
  /** Whether the page is cross-origin isolated, which threads need; true in Node. */
  readonly isolated: boolean;
  readonly memory: {
    /** Bytes of the machine's memory; a browser rounds them, and says 8 or 32 GiB at most. */
    readonly machineBytes?: number;
  };
  readonly dtypes: Readonly<Record<DType, Holding>>;
  readonly operations: {
    /** The operations of graphs that run, by name. */
    readonly runs: readonly string[];
    /** Whether operations that graphs do not have run too, as ONNX model files have them. */
    readonly foreign: boolean;
    /**
     * Those that leave the GPU for the CPU where their data has one of these dtypes; they work all the same.
     */
    readonly onHost: Readonly<Record<string, readonly DType[]>>;
  };
}

/**
 * What a backend can do here; unless a name is given, the first of `backendNames()` whose device is there.
 * Nothing is downloaded or compiled for it.
 * @throws GenError `backend-unavailable` when there is no backend of that name.
 */
export async function capabilities(backendName?: string): Promise<Capabilities> {
  const names = backendNames();
  if (backendName !== undefined) {
    if (names.includes(backendName)) return capabilitiesOf(backendName);
    throw unavailable(`backend must be one of ${names.join(", ")}, got ${backendName}`);
  }
  for (const name of names) {
    const found = await capabilitiesOf(name);
    if (found.available) return found;
  }
  return capabilitiesOf("cpu");
}

async function capabilitiesOf(backend: string): Promise<Capabilities> {
  const { kernels } = await import("./tfjs/kernels.ts");
  const page = globalThis as { crossOriginIsolated?: boolean };
  const facts = await deviceFacts(backend);
  const gpu = backend === "onnx/webgpu" || backend === "onnx/node-webgpu";
  return {
    backend,
    available: facts.reason === undefined,
    ...(facts.reason !== undefined && { reason: facts.reason }),
    ...(facts.adapter && { adapter: facts.adapter }),
    limits: facts.limits,
    f16: facts.features.includes("shader-f16") && backend.startsWith("onnx"),
    subgroups: facts.features.includes("subgroups"),
    threads: backend === "onnx/node-cpu" || backend === "onnx/wasm" ? threadsHere() : 1,
    isolated: inNode() || page.crossOriginIsolated === true,
    memory: machineMemory(),
    dtypes: holdings(backend, facts.features.includes("shader-f16")),
    operations: {
      runs: Object.keys(kernels).sort(),
      foreign: backend.startsWith("onnx"),
      onHost: gpu ? onHost : {},
    },
  };
}

const float = ["float32"] as const;
const bool = ["bool"] as const;
const int64 = ["int64"] as const;
// What ONNX Runtime's WebGPU provider has no shader for; every operation on int64 is among it.
const onHost: Capabilities["operations"]["onHost"] = {
  ...Object.fromEntries(
    [
      ...["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Greater", "Less", "Reshape", "Cast"],
      ...["Expand", "Gather", "Where", "Neg", "Abs", "ReduceSum", "ReduceMax"],
    ].map((op) => [op, int64]),
  ),
  Sign: [...float, ...int64],
  Slice: ["int32", ...int64, ...bool],
  ...Object.fromEntries(
    ["Equal", "Transpose", "Concat", "Pad"].map((op) => [op, [...int64, ...bool]]),
  ),
};

async function deviceFacts(backend: string) {
  if (backend === "onnx/webgpu" || backend === "tfjs/webgpu") return webgpuFacts();
  if (backend === "tfjs/webgl") return webglFacts();
  return backend.endsWith("/wasm") ? wasmFacts() : adapterFacts({});
}

function holdings(backend: string, halves: boolean): Capabilities["dtypes"] {
  const own = { float32: "own", int32: "own", bool: "own" } as const;
  if (backend === "cpu") {
    const float64 = { float16: "float64", float32: "float64", float64: "own" } as const;
    return { ...own, ...float64, int64: "own" };
  }
  if (backend.startsWith("tfjs")) {
    return { ...own, float16: "float32", float64: "float32", int64: "int32" };
  }
  if (backend === "onnx/webgpu") {
    return { ...own, float16: halves ? "own" : "none", float64: "none", int64: "host" };
  }
  if (backend === "onnx/node-webgpu") {
    // Whether its adapter has halves is not told.
    return { ...own, float16: "none", float64: "host", int64: "host" };
  }
  return { ...own, float16: "own", float64: "own", int64: "own" };
}

function machineMemory(): Capabilities["memory"] {
  if (inNode()) return { machineBytes: process.getBuiltinModule("node:os").totalmem() };
  const { navigator } = globalThis as { navigator?: { deviceMemory?: number } };
  return navigator?.deviceMemory ? { machineBytes: navigator.deviceMemory * 2 ** 30 } : {};
}
