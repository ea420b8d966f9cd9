// The page of `npm run bench -- gpu`: its backends by name, on one GPUDevice.
import { capabilities } from "@gen/runtime-gpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-web/webgpu";
import { conformance as cases } from "../../../packages/runtime-gpu/test/conformance.ts";
import { bareSession } from "../gpu/bare-session.mjs";
import { subject } from "../gpu/subject.mjs";

const file = (kind) =>
  new URL(`/onnxruntime-web/ort-wasm-simd-threaded.asyncify.${kind}`, location.href).href;
const wasmPaths = { mjs: file("mjs"), wasm: file("wasm") };

let [dispatches, bytes] = [0, 0];
const watch = (prototype, name, before) => {
  const original = prototype[name];
  prototype[name] = function (...args) {
    before.apply(this, args);
    return original.apply(this, args);
  };
};
if ("GPUDevice" in globalThis) {
  for (const name of ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"]) {
    watch(GPUComputePassEncoder.prototype, name, () => {
      dispatches++;
    });
  }
  watch(GPUDevice.prototype, "createBuffer", (descriptor) => {
    bytes += descriptor.size;
  });
  const destroyed = new WeakSet();
  watch(GPUBuffer.prototype, "destroy", function () {
    if (!destroyed.has(this)) bytes -= this.size;
    destroyed.add(this);
  });
}

let device;
async function gpuDevice() {
  if (device) return device;
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  const requiredLimits = {};
  // An adapter lists its limits on its prototype.
  for (const name in adapter.limits) {
    if (Number.isFinite(adapter.limits[name])) requiredLimits[name] = adapter.limits[name];
  }
  const requiredFeatures = ["shader-f16", "subgroups"].filter((each) => adapter.features.has(each));
  device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  return device;
}

const keeps = (dtype) => dtype === "float32";
function place(tensor) {
  const size = Math.max(16, Math.ceil((4 * tensor.size) / 16) * 16);
  const buffer = device.createBuffer({ size, usage: 128 | 8 | 4 });
  device.queue.writeBuffer(buffer, 0, tensor.data);
  const dispose = () => buffer.destroy();
  return ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: tensor.dims, dispose });
}
const bareOnGpu = (graph) =>
  bareSession({ ort, graph, executionProviders: [{ name: "webgpu", device }], keeps, place });
const traffic = () => ({ dispatches, bytes });
// A software adapter compiles a shader for each way of broadcasting, which takes long.
const skip = /^(sub|mul|maximum|minimum|greater|less|equal|div), (a|both) /;
const lacking = ({ dtypes }) => Object.keys(dtypes).filter((dtype) => dtypes[dtype] === "none");

async function opener(name) {
  const can = await capabilities(name);
  const shared = { cases, skip, limits: { tolerance: 1e-4, without: lacking(can) } };
  if (name === "onnx/webnn") {
    const executionProviders = [{ name: "webnn", deviceType: "gpu" }];
    return {
      ...shared,
      open: () => onnxBackend({ provider: "webnn", runtime: ort, wasmPaths }),
      bare: (graph) => bareSession({ ort, graph, executionProviders }),
    };
  }
  const gpu = { gpuDevice: await gpuDevice() };
  ort.env.wasm.wasmPaths = wasmPaths;
  ort.env.wasm.numThreads = 1;
  const tfjs = name === "tfjs/webgpu";
  return {
    ...shared,
    traffic,
    bare: bareOnGpu,
    open: () =>
      tfjs
        ? tfjsBackend({ device: "webgpu", ...gpu })
        : onnxBackend({ provider: "webgpu", runtime: ort, ...gpu }),
    async idle() {
      // TensorFlow.js hands its commands over in batches.
      if (tfjs && tf.backend().commandEncoder) tf.backend().submitQueue();
      await device.queue.onSubmittedWorkDone();
    },
  };
}

const subjects = {};
const run = (method) => async (name, options) => {
  subjects[name] ??= subject(await opener(name));
  return subjects[name][method](options);
};
globalThis.bench = {
  async describe(name) {
    const { available, reason, adapter } = await capabilities(name);
    return { available, reason, adapter };
  },
  conformance: run("conformance"),
  step: run("step"),
  training: run("training"),
};
