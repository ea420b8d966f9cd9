import { add, graphOf, input } from "@gen/graph";
import type { Backend } from "../backend.ts";
import { backendOver, type Device } from "../device.ts";
import { unavailable, wasmPlace } from "../errors.ts";
import type { DeviceTensor } from "../ledger.ts";
import { type GpuDevice, requestGpu } from "./gpu.ts";
import { gpuDevice } from "./gpu-device.ts";
import { hostDevice } from "./host-device.ts";
import type { OnnxOptions } from "./onnx-options.ts";
import { inNode, loadNode, loadWeb, type Ort, type OrtTensor, threadsHere } from "./runtime.ts";

/** `onnxBackend` in this thread. */
export async function openOnnx(options: OnnxOptions): Promise<Backend<DeviceTensor>> {
  const device = await deviceFor(options);
  // The runtime loads its files and looks for an adapter when it makes its first session.
  try {
    const probe = await device.compile(graphOf({ y: add(input("x", { shape: [1] }), 1) }));
    await probe.dispose();
  } catch (cause) {
    await device.close();
    const { message } = cause as Error;
    const place = device.name.startsWith("onnx/node-") ? "" : `; ${wasmPlace(options.wasmPaths)}`;
    throw unavailable(`${device.name} did not start: ${message}${place}`, { cause });
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
