import { add, graphOf, input } from "@gen/graph";
import type { Backend } from "./backend.ts";
import { backendOver, type Device } from "./device.ts";
import { unavailable } from "./errors.ts";
import { inNode } from "./in-node.ts";
import type { DeviceTensor } from "./ledger.ts";
import { type GpuDevice, requestGpu } from "./onnx/gpu.ts";
import { gpuDevice } from "./onnx/gpu-device.ts";
import { hostDevice } from "./onnx/host-device.ts";
import { loadNode, loadWeb, type Ort, type OrtTensor, threadsHere } from "./onnx/runtime.ts";

export interface OnnxOptions {
  /**
   * What computes: `cpu` is onnxruntime-node in Node and WebAssembly in a browser, `wasm` is WebAssembly
   * in both, `webgpu` is the GPU through onnxruntime-web in a browser and onnxruntime-node in Node.
   * @defaultValue onnxruntime-node's CPU where it is installed, else WebAssembly
   */
  device?: "cpu" | "wasm" | "webgpu";
  /**
   * Threads of one operation. WebAssembly starts its threads once: the first backend of a page or
   * process decides.
   * @defaultValue all that the machine and page allow
   */
  threads?: number;
  /**
   * ONNX Runtime's module for `device` as the caller has imported it, such as `import * as runtime from
   * "onnxruntime-web/wasm"`. It then comes with the caller's own code; without this option its file is
   * requested when a backend is opened. In Node `device` must be given too.
   */
  runtime?: OnnxRuntime;
  /** Where the `.wasm` and `.mjs` files are served: an absolute URL of a folder, or a URL for each. */
  wasmPaths?: string | { wasm?: string; mjs?: string };
  /** The page's own `GPUDevice`, to be shared with other code; for `webgpu` in a browser. */
  gpuDevice?: object;
  /**
   * Records the GPU's commands of a program in its first run and replays them in every other, which spares
   * the host the walk over the graph; for `webgpu` in a browser. A program with named
   * dimensions is recorded, and compiled, once for each of their sizes; the last four are kept. What cannot
   * be recorded runs as without this option.
   * @defaultValue false
   */
  graphCapture?: boolean;
  /** Told why a program runs unrecorded, once for each reason. */
  onUncaptured?: (reason: string) => void;
}

/** What is used of a module of ONNX Runtime: onnxruntime-web, any build of it, or onnxruntime-node. */
export interface OnnxRuntime {
  readonly InferenceSession: object;
  readonly Tensor: object;
  readonly env: { readonly versions: object };
}

/**
 * A backend that runs a graph as an ONNX model on ONNX Runtime; its name says which build ran:
 * `onnx/node-cpu`, `onnx/node-webgpu`, `onnx/wasm` or `onnx/webgpu`.
 * @throws GenError `backend-unavailable` when a package is not installed or the device is not there.
 */
export async function onnxBackend(options: OnnxOptions = {}): Promise<Backend<DeviceTensor>> {
  const device = await deviceFor(options);
  await start(device);
  return backendOver(device);
}

async function deviceFor(options: OnnxOptions): Promise<Device<OrtTensor>> {
  const { device, threads = threadsHere() } = options;
  const native = inNode() && device !== "wasm";
  const runtime = givenRuntime(options, native);
  if (device === "webgpu" && !native) return pageGpu(options, runtime);
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
  const ort = runtime ?? (await loadWeb("wasm"));
  ort.env.wasm.numThreads ??= threads;
  if (options.wasmPaths) ort.env.wasm.wasmPaths = options.wasmPaths;
  return hostDevice("onnx/wasm", "wasm", ort, { executionProviders: ["wasm"] });
}

/** @throws GenError `backend-unavailable` where the module that was given is not of the package that the device needs. */
function givenRuntime({ runtime, device }: OnnxOptions, native: boolean): Ort | undefined {
  if (!runtime) return undefined;
  if (native && !device) throw unavailable("in Node a runtime needs a device beside it");
  const build = native ? "node" : "web";
  if (build in runtime.env.versions) return runtime as Ort;
  throw unavailable(`runtime is no onnxruntime-${build}, which device ${device} needs here`);
}

async function pageGpu(options: OnnxOptions, runtime: Ort | undefined): Promise<Device<OrtTensor>> {
  const { wasmPaths, gpuDevice: given, graphCapture, onUncaptured } = options;
  const gpu = given ?? (await requestGpu());
  const ort = runtime ?? (await loadWeb("webgpu"));
  ort.env.wasm.numThreads ??= 1;
  if (wasmPaths) ort.env.wasm.wasmPaths = wasmPaths;
  return gpuDevice(ort, {
    gpu: gpu as GpuDevice,
    owned: given === undefined,
    capture: graphCapture ? { onUncaptured } : undefined,
  });
}

/** Makes a first session: only then does the runtime load its files and look for an adapter. */
async function start(device: Device<OrtTensor>): Promise<void> {
  const x = input("x", { shape: [1] });
  try {
    const probe = await device.compile(graphOf({ y: add(x, 1) }));
    await probe.dispose();
  } catch (cause) {
    const reason = (cause as Error).message;
    await device.close();
    throw unavailable(`${device.name} did not start: ${reason}`, { cause });
  }
}
