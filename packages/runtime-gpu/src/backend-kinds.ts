import type { DType } from "@gen/graph";
import type { Backend } from "./backend.ts";
import {
  type DeviceFacts,
  deviceWith,
  nodeFacts,
  onnxWasmFacts,
  onnxWebgpuFacts,
  wasmFacts,
  webglFacts,
  webgpuFacts,
  webnnFacts,
} from "./device-facts.ts";
import { unavailable } from "./errors.ts";
import { inNode } from "./in-node.ts";
import type { DeviceTensor } from "./ledger.ts";
import type { Provider } from "./onnx/providers.ts";
import { threadsHere } from "./onnx/runtime.ts";
import type { OnnxOptions } from "./onnx.ts";
import { cpuWorker } from "./remote/cpu-worker.ts";
import { onnxWorker } from "./remote/onnx-worker.ts";
import { openIn } from "./remote/open-in.ts";
import type { RemoteOptions } from "./remote/remote-options.ts";
import { tfjsWorker } from "./remote/tfjs-worker.ts";
import type { TfjsOptions } from "./tfjs.ts";

/**
 * How a backend holds numbers of a dtype: in that dtype (`own`), in another dtype, in host memory
 * where the CPU computes with them (`host`), or not at all (`none`).
 */
export type Holding = "own" | "float32" | "float64" | "int32" | "host" | "none";

/** Where a backend runs, and settings of each kind, for when a backend of that kind is opened. */
export interface OpenOptions extends RemoteOptions {
  /** Settings for backends on ONNX Runtime. @defaultValue its own */
  onnx?: Omit<OnnxOptions, "provider">;
  /** Settings for backends on TensorFlow.js. @defaultValue its own */
  tfjs?: Omit<TfjsOptions, "device">;
}

/** What differs from backend to backend. A new backend is a new record in {@link backendKinds}. */
export interface BackendKind {
  /** The `name` of its backends. */
  readonly name: string;
  /** Where it can run. */
  readonly runsIn: "node" | "page" | "both";
  /**
   * Opens the backend.
   *
   * @param options Where it runs, and settings of its kind.
   * @throws GenError `backend-unavailable` when its library or its device is missing.
   */
  open(options: OpenOptions): Promise<Backend<DeviceTensor>>;
  /** What its device here states. */
  facts(): DeviceFacts | Promise<DeviceFacts>;
  /**
   * What every device has that may run it, in a page by WebGPU's or WebGL 2's specification. Without
   * it, the facts of this device.
   */
  readonly leastFacts?: DeviceFacts;
  /**
   * How it holds each dtype on a device with these features.
   *
   * @param features Names of the device's features, such as "shader-f16".
   */
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
  runsIn: "both",
  facts: () => deviceWith({}),
  threads: () => 1,
  inHostMemory: true,
  foreign: false,
  onHost: {},
} as const;
const inPage = { runsIn: "page", inHostMemory: false } as const;
const onWebgpu = {
  ...inPage,
  facts: webgpuFacts,
  leastFacts: deviceWith({ maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 }),
};

// A worker or process starts before this thread loads a library, or instead of it.
export const openOnnx = (options: OnnxOptions) =>
  openIn(onnxWorker, options, async () => (await import("./onnx.ts")).onnxBackend(options));
export const openTfjs = (options: TfjsOptions) =>
  openIn(tfjsWorker, options, async () => (await import("./tfjs.ts")).tfjsBackend(options));

const onnxOn = (provider: Provider) => ({
  ...onCpu,
  foreign: true,
  // ONNX Runtime takes a graph as a file, and a file has at most 2 GiB.
  modelBytes: 2 ** 31 - 1,
  open: ({ onnx, worker, isolate }: OpenOptions) =>
    openOnnx({ worker, isolate, ...onnx, provider }),
  dtypes: () => ownAll,
  threads: threadsHere,
});

// The operations for which ONNX Runtime's WebGPU provider has no shader, above all those on int64.
const int64 = ["int64"] as const;
const onnxGpu = {
  ...onnxOn("webgpu"),
  threads: () => 1,
  onHost: {
    ...Object.fromEntries(
      [
        ...["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Greater", "Less", "Reshape", "Cast"],
        ...["Expand", "Gather", "Where", "Neg", "Abs", "ReduceSum", "ReduceMax"],
      ].map((op) => [op, int64]),
    ),
    ...Object.fromEntries(
      ["Equal", "Transpose", "Concat", "Pad"].map((op) => [op, [...int64, "bool"] as const]),
    ),
    Sign: ["float32", ...int64] as const,
    Slice: ["int32", ...int64, "bool"] as const,
  },
};

/** Devices that state no limits. */
const anyDevice = { leastFacts: deviceWith({}) };

/** ONNX Runtime's kernels of the CPU compute in float32, and weights of float16 become such. */
const onnxCpu = { ...ownAll, float16: "float32" } as const;

/** A provider of onnxruntime-node. */
const onnxInNode = (provider: Provider) => ({
  ...onnxOn(provider),
  name: `onnx/node-${provider}`,
  runsIn: "node" as const,
  facts: () => nodeFacts(provider),
});

const tfjsOn = (device: NonNullable<TfjsOptions["device"]>) => ({
  ...onCpu,
  name: `tfjs/${device}`,
  open: ({ tfjs, worker, isolate }: OpenOptions) => openTfjs({ worker, isolate, ...tfjs, device }),
  dtypes: () => ({ ...own, float16: "float32", float64: "float32", int64: "int32" }) as const,
});

/** Every backend, here and elsewhere, the fastest first. */
export const backendKinds: readonly BackendKind[] = [
  { ...onnxInNode("cpu"), dtypes: () => onnxCpu },
  {
    ...onnxGpu,
    ...onWebgpu,
    name: "onnx/webgpu",
    facts: onnxWebgpuFacts,
    dtypes(features) {
      const float16 = features.includes("shader-f16") ? "own" : "none";
      return { ...own, float16, float64: "none", int64: "host" };
    },
  },
  { ...onnxOn("wasm"), name: "onnx/wasm", facts: onnxWasmFacts, dtypes: () => onnxCpu },
  {
    ...onnxInNode("webgpu"),
    threads: () => 1,
    onHost: onnxGpu.onHost,
    // The adapter does not state whether it has float16.
    dtypes: () => ({ ...own, float16: "none", float64: "host", int64: "host" }),
  },
  // These have not been measured, so the others come first.
  { ...onnxInNode("cuda"), ...anyDevice },
  { ...onnxInNode("dml"), ...anyDevice, dtypes: () => ({ ...ownAll, float64: "host" }) },
  {
    ...onnxInNode("coreml"),
    ...anyDevice,
    dtypes: () => ({ ...ownAll, float64: "host", int64: "host" }),
  },
  {
    ...onnxOn("webnn"),
    name: "onnx/webnn",
    runsIn: "page",
    ...anyDevice,
    facts: webnnFacts,
    dtypes(features) {
      const float16 = features.includes("shader-f16") ? "own" : "host";
      return { ...own, float16, float64: "host", int64: "host" };
    },
  },
  { ...tfjsOn("webgpu"), ...onWebgpu },
  {
    ...tfjsOn("webgl"),
    ...inPage,
    facts: webglFacts,
    leastFacts: deviceWith({ maxTextureSize: 2048 }),
  },
  { ...tfjsOn("wasm"), facts: wasmFacts },
  tfjsOn("cpu"),
  {
    ...onCpu,
    name: "cpu",
    open: ({ worker, isolate }) =>
      openIn(cpuWorker, { worker, isolate }, async () => (await import("./cpu.ts")).cpuBackend()),
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

/** The names that `openBackend` takes here, in the order in which `bestBackend` tries them. */
export const backendNames = (): string[] => kindsHere().map(({ name }) => name);
