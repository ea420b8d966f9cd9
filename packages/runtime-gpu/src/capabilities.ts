import type { DType } from "@gen/graph";
import { computedOps } from "@gen/graph/compiler";
import { type BackendKind, backendKinds, type Holding, kindsHere } from "./backend-kinds.ts";
import type { Adapter } from "./device-facts.ts";
import { unavailable } from "./errors.ts";
import { inNode } from "./in-node.ts";

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
    /** The most bytes of weights that a graph may have. */
    readonly modelBytes?: number;
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
 * What a backend can do here; the first of `backendNames()` whose device is there where no name is given.
 * With `device: "any"` it is what every device can do that may run it, which can be asked anywhere.
 * Nothing is downloaded or compiled for it.
 * @throws GenError `backend-unavailable` when there is no backend of that name.
 */
export async function capabilities(
  backendName?: string,
  { device = "here" }: { device?: "here" | "any" } = {},
): Promise<Capabilities> {
  const kinds = device === "any" ? backendKinds : kindsHere();
  if (backendName !== undefined) {
    const kind = kinds.find(({ name }) => name === backendName);
    if (kind) return capabilitiesOf(kind, device);
    const names = kinds.map(({ name }) => name).join(", ");
    throw unavailable(`backend must be one of ${names}, got ${backendName}`);
  }
  let found: Capabilities;
  let i = 0;
  // The last, the CPU, is always there.
  do found = await capabilitiesOf(kinds[i++], device);
  while (!found.available);
  return found;
}

async function capabilitiesOf(kind: BackendKind, device: "here" | "any"): Promise<Capabilities> {
  const page = globalThis as { crossOriginIsolated?: boolean };
  const least = device === "any" ? kind.leastFacts : undefined;
  const { reason, adapter, limits, features } = least ?? (await kind.facts());
  const dtypes = kind.dtypes(features);
  return {
    backend: kind.name,
    available: reason === undefined,
    ...(reason !== undefined && { reason }),
    ...(adapter && { adapter }),
    limits,
    f16: features.includes("shader-f16") && dtypes.float16 === "own",
    subgroups: features.includes("subgroups"),
    threads: kind.threads(),
    isolated: inNode() || page.crossOriginIsolated === true,
    memory: {
      ...machineMemory(),
      ...(kind.modelBytes !== undefined && { modelBytes: kind.modelBytes }),
    },
    dtypes,
    // Every backend computes every operation: the types of its tables demand it.
    operations: { runs: computedOps().sort(), foreign: kind.foreign, onHost: kind.onHost },
  };
}

function machineMemory(): Capabilities["memory"] {
  if (inNode()) return { machineBytes: process.getBuiltinModule("node:os").totalmem() };
  const { navigator } = globalThis as { navigator?: { deviceMemory?: number } };
  return navigator?.deviceMemory ? { machineBytes: navigator.deviceMemory * 2 ** 30 } : {};
}
