import type { DType } from "@gen/graph";
import { computedOps } from "@gen/graph/compiler";
import {
  type BackendKind,
  backendKinds,
  type Holding,
  kindsHere,
  unknownBackend,
} from "./backend-kinds.ts";
import { type Adapter, isIsolated } from "./device-facts.ts";
import { inNode } from "./in-node.ts";

/** What a backend can do in this process or page. Its library is not loaded for it. */
export interface Capabilities {
  /** The `name` of the backend. */
  readonly backend: string;
  /** Whether the device is there. Only opening the backend shows whether its library is. */
  readonly available: boolean;
  /** Why it is not available. */
  readonly reason?: string;
  /** The GPU; undefined if nothing is stated about it, as in Node except for CUDA. */
  readonly adapter?: Adapter;
  /**
   * The device's limits by name: WebGPU's (bytes and counts), WebGL's `maxTextureSize` (texels
   * along one side), `maxMemory` (bytes that WebAssembly can address).
   */
  readonly limits: Readonly<Record<string, number>>;
  /** Whether the GPU computes float16 as float16. */
  readonly f16: boolean;
  /** Whether the GPU has operations of subgroups. */
  readonly subgroups: boolean;
  /** Threads of one operation. */
  readonly threads: number;
  /** Whether the page is cross-origin isolated, which threads need; true in Node. */
  readonly isolated: boolean;
  /** What is known of memory. */
  readonly memory: {
    /** Bytes of the machine's memory; a browser rounds them, and states at most 8 or 32 GiB. */
    readonly machineBytes?: number;
    /** The most bytes of weights that a graph may have. */
    readonly modelBytes?: number;
  };
  /** How it holds numbers of each dtype. */
  readonly dtypes: Readonly<Record<DType, Holding>>;
  /**
   * What this device or page does without, by name: what follows from it, and how to get it.
   * `adapter` (no real GPU), `float16`, `subgroups`, `simd`, `loops`, `threads`.
   */
  readonly lacks: Readonly<Record<string, string>>;
  /** Which operations run, and where. */
  readonly operations: {
    /** The operations of graphs that run, by name. */
    readonly runs: readonly string[];
  } & Pick<BackendKind, "foreign" | "onHost">;
}

/**
 * What a backend can do here; without a name, the first of `backendNames()` whose device is there.
 * With `device: "any"`, what every device can do that may run it, in any process or page.
 * Nothing is downloaded or compiled for it.
 *
 * @param backendName The backend's name. Default: the first whose device is there.
 * @param options Whether this device is asked, or all. Default: this one.
 * @throws GenError `backend-unavailable` when there is no backend of that name.
 */
export async function capabilities(
  backendName?: string,
  {
    device = "here",
  }: {
    /** "here", or "any" for every device that may run it. @defaultValue "here" */
    device?: "here" | "any";
  } = {},
): Promise<Capabilities> {
  const kinds = device === "any" ? backendKinds : kindsHere();
  if (backendName !== undefined) {
    const kind = kinds.find(({ name }) => name === backendName);
    if (kind) return capabilitiesOf(kind, device);
    const names = kinds.map(({ name }) => name);
    throw unknownBackend(names, backendName);
  }
  for (const kind of kinds.slice(0, -1)) {
    const found = await capabilitiesOf(kind, device);
    if (found.available) return found;
  }
  // The last backend, the CPU, is always available.
  return capabilitiesOf(kinds[kinds.length - 1], device);
}

async function capabilitiesOf(kind: BackendKind, device: "here" | "any"): Promise<Capabilities> {
  const { modelBytes } = kind;
  const least = device === "any" ? kind.leastFacts : undefined;
  const { features, lacks, ...facts } = least ?? (await kind.facts());
  const dtypes = kind.dtypes(features);
  return {
    backend: kind.name,
    available: facts.reason === undefined,
    ...facts,
    f16: features.includes("shader-f16") && dtypes.float16 === "own",
    subgroups: features.includes("subgroups"),
    threads: kind.threads(),
    isolated: inNode() || isIsolated(),
    memory: { ...machineMemory(), ...(modelBytes !== undefined && { modelBytes }) },
    dtypes,
    lacks: {
      ...lacks,
      ...(facts.adapter?.software && {
        adapter: `${facts.adapter.description || facts.adapter.architecture} is no GPU: the CPU computes its shaders, slowly`,
      }),
      ...(dtypes.float16 === "none" && {
        float16: "models in float16 do not run: convert them to float32",
      }),
    },
    // Every backend computes every operation: its table's type demands it.
    operations: { runs: computedOps().sort(), foreign: kind.foreign, onHost: kind.onHost },
  };
}

function machineMemory(): Capabilities["memory"] {
  if (inNode()) return { machineBytes: process.getBuiltinModule("node:os").totalmem() };
  const { navigator } = globalThis as { navigator?: { deviceMemory?: number } };
  return navigator?.deviceMemory ? { machineBytes: navigator.deviceMemory * 2 ** 30 } : {};
}
