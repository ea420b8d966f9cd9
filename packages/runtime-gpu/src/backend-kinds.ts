import type { DType } from "@gen/graph";
import type { Backend } from "./backend.ts";
import {
  type DeviceFacts,
  deviceWith,
  wasmFacts,
  webglFacts,
  webgpuFacts,
} from "./device-facts.ts";
import { inNode } from "./in-node.ts";
import type { DeviceTensor } from "./ledger.ts";
import { threadsHere } from "./onnx/runtime.ts";
import type { OnnxOptions } from "./onnx.ts";
import type { TfjsOptions } from "./tfjs.ts";

/**
 * How a backend holds numbers of a dtype: as what they are (`own`), as another dtype, in host memory
 * where the CPU computes with them (`host`), or not at all (`none`).
 */
export type Holding = "own" | "float32" | "float64" | "int32" | "host" | "none";

/** Settings of each kind of backend, for when one of its kind is opened. */
export interface OpenOptions {
  onnx?: Omit<OnnxOptions, "device">;
  tfjs?: Omit<TfjsOptions, "device">;
}

/** All that is particular to one backend. A new backend is a new record in {@link backendKinds}. */
export interface BackendKind {
  /** As `backend.name` says it. */
  readonly name: string;
  readonly runsIn: "node" | "page" | "both";
  /** Opens it. @throws GenError `backend-unavailable` where its library or its device is missing. */
  open(options: OpenOptions): Promise<Backend<DeviceTensor>>;
  /** What its device says of itself here. */
  facts(): DeviceFacts | Promise<DeviceFacts>;
  /** What every device has that a page may run it on, by WebGPU's or WebGL 2's specification. */
  readonly leastFacts?: DeviceFacts;
  /** How it holds each dtype on a device with these features. */
  dtypes(features: readonly string[]): Readonly<Record<DType, Holding>>;
  /** Threads of one operation here. */
  threads(): number;
  /** Whether tensors are in host memory. Reading one then waits for no device. */
  readonly inHostMemory: boolean;
  /** Whether it runs operations that graphs do not have, as ONNX model files have them. */
  readonly foreign: boolean;
  /** The operations that leave the GPU for the CPU where their data has one of these dtypes. */
  readonly onHost: Readonly<Record<string, readonly DType[]>>;
  /** The most bytes of weights that a graph may have. */
  readonly modelBytes?: number;
}

const own = { float32: "own", int32: "own", bool: "own" } as const;
const ownAll = { ...own, float16: "own", float64: "own", int64: "own" } as const;

const onnx = {
  foreign: true,
  // A graph goes to ONNX Runtime as a file, and the format of files ends at 2 GiB.
  modelBytes: 2 ** 31 - 1,
};
const onnxOn =
  (device: OnnxOptions["device"]): BackendKind["open"] =>
  async ({ onnx }) =>
    (await import("./onnx.ts")).onnxBackend({ ...onnx, device });
const onnxHost = {
  ...onnx,
  dtypes: () => ownAll,
  threads: threadsHere,
  inHostMemory: true,
  onHost: {},
};
const bool = ["bool"] as const;
const int64 = ["int64"] as const;
const onnxGpu = {
  ...onnx,
  threads: () => 1,
  // What ONNX Runtime's WebGPU provider has no shader for. Every operation on int64 is among it.
  onHost: {
    ...Object.fromEntries(
      [
        ...["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Greater", "Less", "Reshape", "Cast"],
        ...["Expand", "Gather", "Where", "Neg", "Abs", "ReduceSum", "ReduceMax"],
      ].map((op) => [op, int64]),
    ),
    Sign: ["float32", ...int64] as const,
    Slice: ["int32", ...int64, ...bool] as const,
    ...Object.fromEntries(
      ["Equal", "Transpose", "Concat", "Pad"].map((op) => [op, [...int64, ...bool] as const]),
    ),
  },
};

const tfjsOn = (device: TfjsOptions["device"]) => ({
  open: async ({ tfjs }: OpenOptions) =>
    (await import("./tfjs.ts")).tfjsBackend({ ...tfjs, device }),
  dtypes: () => ({ ...own, float16: "float32", float64: "float32", int64: "int32" }) as const,
  threads: () => 1,
  foreign: false,
  onHost: {},
});

const leastWebgpu = deviceWith({ maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 });
const unlimited = () => deviceWith({});

/** Every backend, here and elsewhere, the fastest first. */
export const backendKinds: readonly BackendKind[] = [
  {
    ...onnxHost,
    name: "onnx/node-cpu",
    runsIn: "node",
    open: onnxOn("cpu"),
    facts: unlimited,
  },
  {
    ...onnxGpu,
    name: "onnx/webgpu",
    runsIn: "page",
    open: onnxOn("webgpu"),
    facts: webgpuFacts,
    leastFacts: leastWebgpu,
    dtypes: (features) => ({
      ...own,
      float16: features.includes("shader-f16") ? "own" : "none",
      float64: "none",
      int64: "host",
    }),
    inHostMemory: false,
  },
  {
    ...onnxHost,
    name: "onnx/wasm",
    runsIn: "both",
    open: onnxOn("wasm"),
    facts: wasmFacts,
  },
  {
    ...onnxGpu,
    name: "onnx/node-webgpu",
    runsIn: "node",
    open: onnxOn("webgpu"),
    facts: unlimited,
    // Whether its adapter has halves is not told.
    dtypes: () => ({ ...own, float16: "none", float64: "host", int64: "host" }),
    inHostMemory: true,
  },
  {
    ...tfjsOn("webgpu"),
    name: "tfjs/webgpu",
    runsIn: "page",
    facts: webgpuFacts,
    leastFacts: leastWebgpu,
    inHostMemory: false,
  },
  {
    ...tfjsOn("webgl"),
    name: "tfjs/webgl",
    runsIn: "page",
    facts: webglFacts,
    leastFacts: deviceWith({ maxTextureSize: 2048 }),
    inHostMemory: false,
  },
  {
    ...tfjsOn("wasm"),
    name: "tfjs/wasm",
    runsIn: "both",
    facts: wasmFacts,
    inHostMemory: true,
  },
  {
    ...tfjsOn("cpu"),
    name: "tfjs/cpu",
    runsIn: "both",
    facts: unlimited,
    inHostMemory: true,
  },
  {
    name: "cpu",
    runsIn: "both",
    open: async () => (await import("./cpu.ts")).cpuBackend(),
    facts: unlimited,
    dtypes: () => ({ ...ownAll, float16: "float64", float32: "float64" }),
    threads: () => 1,
    inHostMemory: true,
    foreign: false,
    onHost: {},
  },
];

/** The kinds that can be opened here. */
export function kindsHere(): BackendKind[] {
  const elsewhere = inNode() ? "page" : "node";
  return backendKinds.filter(({ runsIn }) => runsIn !== elsewhere);
}
