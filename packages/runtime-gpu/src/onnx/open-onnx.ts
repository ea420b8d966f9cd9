import { add, graphOf, input } from "@gen/graph";
import { checkOptions, rules } from "@gen/math/arguments";
import type { Backend } from "../backend.ts";
import { backendOver, type Device } from "../device.ts";
import { unavailable } from "../errors.ts";
import { inNode } from "../in-node.ts";
import type { DeviceTensor } from "../ledger.ts";
import { wasmPlace } from "../wasm-place.ts";
import { type GpuDevice, requestGpu } from "./gpu.ts";
import { gpuDevice } from "./gpu-device.ts";
import { hostDevice } from "./host-device.ts";
import type { OnnxOptions } from "./onnx-options.ts";
import { isNative, missingProvider, type Provider, providerNeeds, providers } from "./providers.ts";
import { loadNode, loadWeb, type Ort, type OrtTensor, threadsHere } from "./runtime.ts";

/** `onnxBackend` in this thread. */
export async function openOnnx(options: OnnxOptions): Promise<Backend<DeviceTensor>> {
  checkOptions(options, { provider: rules.optional(rules.oneOf(...providers)) });
  const since = performance.now();
  const device = await deviceFor(options);
  // The runtime loads its files and looks for an adapter when it makes its first session.
  try {
    const probe = await device.compile(graphOf({ y: add(input("x", { shape: [1] }), 1) }));
    await probe.dispose();
  } catch (cause) {
    await device.close();
    const failed = `${device.name} did not start: ${(cause as Error).message}`;
    const advice = device.name.startsWith("onnx/node-")
      ? providerNeeds(options.provider ?? "cpu")
      : await wasmPlace(since, options.wasmPaths, wasmFile(options));
    throw unavailable(advice ? `${failed}; ${advice}` : failed, { cause });
  }
  return backendOver(device);
}

/** The build of onnxruntime-web that carries the provider. */
const webBuild = ({ provider }: OnnxOptions) =>
  provider === "webgpu" || provider === "webnn" ? "webgpu" : "wasm";

const wasmFile = (options: OnnxOptions) =>
  `onnxruntime-web/dist/ort-wasm-simd-threaded${webBuild(options) === "webgpu" ? ".asyncify" : ""}.wasm`;

async function deviceFor(options: OnnxOptions): Promise<Device<OrtTensor>> {
  const { provider, threads = threadsHere() } = options;
  const native = inNode() && provider !== "wasm";
  if (inNode() && provider === "webnn") {
    throw unavailable("the provider webnn needs a page; in Node use cpu, webgpu or cuda");
  }
  const runtime = checkedRuntime(options, native);
  if (native || isNative(provider)) {
    // A runtime of the caller may be built with any provider.
    const reason = inNode() && !runtime && missingProvider(provider ?? "cpu");
    if (reason) throw unavailable(reason);
    try {
      return nativeDevice(provider ?? "cpu", runtime ?? (await loadNode()), threads);
    } catch (error) {
      if (provider) throw error;
    }
  }
  const build = webBuild(options);
  const { graphCapture, onUncaptured, gpuDevice: given } = options;
  const gpu = provider === "webgpu" ? (given ?? (await requestGpu())) : undefined;
  const webnn = provider === "webnn" ? await import("./ml-context.ts") : undefined;
  const context = await webnn?.requestMlContext();
  const ort = runtime ?? (await loadWeb(build));
  ort.env.wasm.numThreads ??= build === "webgpu" ? 1 : threads;
  if (options.wasmPaths) ort.env.wasm.wasmPaths = options.wasmPaths;
  if (context) return (await import("./webnn.ts")).webnnDevice(ort, context);
  if (!gpu) return hostDevice("onnx/wasm", "wasm", ort, { executionProviders: ["wasm"] });
  const capture = graphCapture ? { onUncaptured } : undefined;
  return gpuDevice(ort, gpu as GpuDevice, given === undefined, capture);
}

function nativeDevice(provider: Provider, ort: Ort, threads: number): Device<OrtTensor> {
  const build = provider === "cpu" ? "native" : provider === "webgpu" ? "webgpu" : "plain";
  const session = { executionProviders: [provider], intraOpNumThreads: threads };
  return hostDevice(`onnx/node-${provider}`, build, ort, session);
}

/** @throws GenError `backend-unavailable` when the provider needs another package's module. */
function checkedRuntime({ runtime, provider }: OnnxOptions, native: boolean): Ort | undefined {
  if (!runtime) return undefined;
  if (native && !provider) throw unavailable("in Node a runtime needs a provider beside it");
  const build = native ? "node" : "web";
  if (build in runtime.env.versions) return runtime as Ort;
  throw unavailable(`runtime is no onnxruntime-${build}, which provider ${provider} needs here`);
}
