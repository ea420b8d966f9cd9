import { add, graphOf, input } from "@gen/graph";
import type { Backend } from "./backend.ts";
import { backendOver, type Device } from "./device.ts";
import { unavailable } from "./errors.ts";
import type { DeviceTensor } from "./ledger.ts";
import { type GpuDevice, requestGpu } from "./onnx/gpu.ts";
import { gpuDevice } from "./onnx/gpu-device.ts";
import { hostDevice } from "./onnx/host-device.ts";
import {
  inNode,
  loadNode,
  loadWeb,
  type Ort,
  type OrtTensor,
  threadsHere,
} from "./onnx/runtime.ts";

export interface OnnxOptions {
  /**
   * The device that computes: `cpu` is onnxruntime-node in Node and WebAssembly in a browser,
   * `wasm` is WebAssembly in both, `webgpu` is the GPU through onnxruntime-web in a browser and
   * onnxruntime-node in Node.
   * @defaultValue onnxruntime-node's CPU if it is installed, otherwise WebAssembly
   */
  device?: "cpu" | "wasm" | "webgpu";
  /**
   * Threads of one operation. WebAssembly starts its threads once: the first backend of a page or
   * process decides.
   * @defaultValue all that the machine and page allow
   */
  threads?: number;
  /**
   * ONNX Runtime's module for `device`, such as `import * as runtime from "onnxruntime-web/wasm"`.
   * Your own code then carries the module; without this option its file is requested when a backend
   * is opened. In Node `device` must be given too.
   */
  runtime?: OnnxRuntime;
  /** Where the `.wasm` and `.mjs` files are served: an absolute URL of a folder, or a URL each. */
  wasmPaths?: string | { wasm?: string; mjs?: string };
  /** The page's own `GPUDevice`, to share with other code; for `webgpu` in a browser. */
  gpuDevice?: object;
  /**
   * Records a program's GPU commands in its first run and replays them in every later run, so that
   * the host does not walk the graph; for `webgpu` in a browser. A program with named dimensions is
   * recorded and compiled once for each of their sizes; the last four are kept. A program that
   * cannot be recorded runs as without this option.
   * @defaultValue false
   */
  graphCapture?: boolean;
  /** Called when a program runs unrecorded, once for each reason. */
  onUncaptured?: (reason: string) => void;
}

/** The needed part of ONNX Runtime's module: any build of onnxruntime-web, or onnxruntime-node. */
export interface OnnxRuntime {
  readonly InferenceSession: object;
  readonly Tensor: object;
  readonly env: { readonly versions: object };
}

/**
 * A backend that runs a graph as an ONNX model on ONNX Runtime. Its name says which build runs:
 * `onnx/node-cpu`, `onnx/node-webgpu`, `onnx/wasm` or `onnx/webgpu`.
 * @throws GenError `backend-unavailable` when a package is not installed or the device is missing.
 */
export async function onnxBackend(options: OnnxOptions = {}): Promise<Backend<DeviceTensor>> {
  const device = await deviceFor(options);
  // The runtime loads its files and looks for an adapter when it makes its first session.
  try {
    const probe = await device.compile(graphOf({ y: add(input("x", { shape: [1] }), 1) }));
    await probe.dispose();
  } catch (cause) {
    await device.close();
    const { message } = cause as Error;
    throw unavailable(`${device.name} did not start: ${message}`, { cause });
  }
  return backendOver(device);
}

async function deviceFor(options: OnnxOptions): Promise<Device<OrtTensor>> {
  const { device, threads = threadsHere(), gpuDevice: given, graphCapture, onUncaptured } = options;
  const native = inNode() && device !== "wasm";
  const runtime = checkedRuntime(options, native);
  if (native) {
    try {
      const provider = device === "webgpu" ? "webgpu" : "cpu";
      const build = provider === "webgpu" ? "webgpu" : "native";
      const session = { executionProviders: [provider], intraOpNumThreads: threads };
      return hostDevice(`onnx/node-${provider}`, build, runtime ?? (await loadNode()), session);
    } catch (error) {
      if (device) throw error;
    }
  }
  const onGpu = device === "webgpu";
  const gpu = onGpu ? (given ?? (await requestGpu())) : undefined;
  const ort = runtime ?? (await loadWeb(onGpu ? "webgpu" : "wasm"));
  ort.env.wasm.numThreads ??= onGpu ? 1 : threads;
  if (options.wasmPaths) ort.env.wasm.wasmPaths = options.wasmPaths;
  if (!gpu) return hostDevice("onnx/wasm", "wasm", ort, { executionProviders: ["wasm"] });
  const capture = graphCapture ? { onUncaptured } : undefined;
  return gpuDevice(ort, gpu as GpuDevice, given === undefined, capture);
}

/** @throws GenError `backend-unavailable` when the device needs another package's module. */
function checkedRuntime({ runtime, device }: OnnxOptions, native: boolean): Ort | undefined {
  if (!runtime) return undefined;
  if (native && !device) throw unavailable("in Node a runtime needs a device beside it");
  const build = native ? "node" : "web";
  if (build in runtime.env.versions) return runtime as Ort;
  throw unavailable(`runtime is no onnxruntime-${build}, which device ${device} needs here`);
}
