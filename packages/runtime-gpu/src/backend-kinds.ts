import type { DType } from "@gen/graph";
import type { Backend } from "./backend.ts";
import {
  type DeviceFacts,
  deviceWith,
  wasmFacts,
  webglFacts,
  webgpuFacts,
} from "./device-facts.ts";
import { unavailable } from "./errors.ts";
import type { DeviceTensor } from "./ledger.ts";
import { inNode, threadsHere } from "./onnx/runtime.ts";
import type { OnnxOptions } from "./onnx.ts";
import type { TfjsOptions } from "./tfjs.ts";

/**
 * How a backend holds numbers of a dtype: in that dtype (`own`), in another dtype, in host memory
 * where the CPU computes with them (`host`), or not at all (`none`).
 */
export type Holding = "own" | "float32" | "float64" | "int32" | "host" | "none";

/** Settings of each kind of backend, for when a backend of that kind is opened. */
export interface OpenOptions {
  onnx?: Omit<OnnxOptions, "device">;
  tfjs?: Omit<TfjsOptions, "device">;
}

/** Everything that differs from backend to backend. A new backend is a new record in {@link backendKinds}. */
export interface BackendKind {
  /** The `name` of its backends. */
  readonly name: string;
  readonly runsIn: "node" | "page" | "both";
  /** @throws GenError `backend-unavailable` when its library or its device is missing. */
  open(options: OpenOptions): Promise<Backend<DeviceTensor>>;
  /** What its device here states. */
  facts(): DeviceFacts | Promise<DeviceFacts>;
  /** What every device has that may run it in a page, by WebGPU's or WebGL 2's specification. */
  readonly leastFacts?: DeviceFacts;
  /** How it holds each dtype on a device with these features. */
  dtypes(features: readonly string[]): Readonly<Record<DType, Holding>>;
  /** Threads of one operation here. */
  threads(): number;
  /** Whether tensors are in host memory. Reading a tensor then waits for no device. */
  readonly inHostMemory: boolean;
  /** Whether it runs operations of ONNX model files that graphs do not have. */
  readonly foreign: boolean;
  /** The operations that leave the GPU for the CPU when their data has one of these dtypes. */
  readonly onHost: Readonly<Record<string, readonly DType[]>>;
  /** The most bytes of weights that a graph may have. */
  readonly modelBytes?: number;
}

const own = { float32: "own", int32: "own", bool: "own" } as const;
const ownAll = { ...own, float16: "own", float64: "own", int64: "own" } as const;
const onCpu = {
  facts: () => deviceWith({}),
  threads: () => 1,
  inHostMemory: true,
  foreign: false,
  onHost: {},
};

const onnxOn = (device: OnnxOptions["device"]) => ({
  ...onCpu,
  foreign: true,
  // ONNX Runtime takes a graph as a file, and a file has at most 2 GiB.
  modelBytes: 2 ** 31 - 1,
  open: async ({ onnx }: OpenOptions) =>
    (await import("./onnx.ts")).onnxBackend({ ...onnx, device }),
  dtypes: () => ownAll,
});

// The operations for which ONNX Runtime's WebGPU provider has no shader, above all those on int64.
const int64 = ["int64"] as const;
const onnxOnHost: BackendKind["onHost"] = {
  ...Object.fromEntries(
    [
      ...["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Greater", "Less", "Reshape", "Cast"],
      ...["Expand", "Gather", "Where", "Neg", "Abs", "ReduceSum", "ReduceMax"],
    ].map((op) => [op, int64]),
  ),
  ...Object.fromEntries(
    ["Equal", "Transpose", "Concat", "Pad"].map((op) => [op, [...int64, "bool"] as const]),
  ),
  Sign: ["float32", ...int64],
  Slice: ["int32", ...int64, "bool"],
};

const tfjsOn = (device: TfjsOptions["device"]) => ({
  ...onCpu,
  open: async ({ tfjs }: OpenOptions) =>
    (await import("./tfjs.ts")).tfjsBackend({ ...tfjs, device }),
  dtypes: () => ({ ...own, float16: "float32", float64: "float32", int64: "int32" }) as const,
});

const inWebgpu = {
  facts: webgpuFacts,
  leastFacts: deviceWith({ maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 }),
  inHostMemory: false,
};

/** Every backend, here and elsewhere, the fastest first. */
export const backendKinds: readonly BackendKind[] = [
  { ...onnxOn("cpu"), name: "onnx/node-cpu", runsIn: "node", threads: threadsHere },
  {
    ...onnxOn("webgpu"),
    ...inWebgpu,
    name: "onnx/webgpu",
    runsIn: "page",
    onHost: onnxOnHost,
    dtypes: (features) => ({
      ...own,
      float16: features.includes("shader-f16") ? "own" : "none",
      float64: "none",
      int64: "host",
    }),
  },
  {
    ...onnxOn("wasm"),
    name: "onnx/wasm",
    runsIn: "both",
    facts: wasmFacts,
    threads: threadsHere,
  },
  {
    ...onnxOn("webgpu"),
    name: "onnx/node-webgpu",
    runsIn: "node",
    onHost: onnxOnHost,
    // The adapter does not state whether it has float16.
    dtypes: () => ({ ...own, float16: "none", float64: "host", int64: "host" }),
  },
  { ...tfjsOn("webgpu"), ...inWebgpu, name: "tfjs/webgpu", runsIn: "page" },
  {
    ...tfjsOn("webgl"),
    name: "tfjs/webgl",
    runsIn: "page",
    facts: webglFacts,
    leastFacts: deviceWith({ maxTextureSize: 2048 }),
    inHostMemory: false,
  },
  { ...tfjsOn("wasm"), name: "tfjs/wasm", runsIn: "both", facts: wasmFacts },
  { ...tfjsOn("cpu"), name: "tfjs/cpu", runsIn: "both" },
  {
    ...onCpu,
    name: "cpu",
    runsIn: "both",
    open: async () => (await import("./cpu.ts")).cpuBackend(),
    dtypes: () => ({ ...ownAll, float16: "float64", float32: "float64" }),
  },
];

/** The kinds that can be opened here. */
export function kindsHere(): BackendKind[] {
  const elsewhere = inNode() ? "page" : "node";
  return backendKinds.filter(({ runsIn }) => runsIn !== elsewhere);
}

/** The error for a name that is none of `names`. */
export const unknownBackend = (names: readonly string[], name: string) =>
  unavailable(`backend must be one of ${names.join(", ")}, got ${name}`);
