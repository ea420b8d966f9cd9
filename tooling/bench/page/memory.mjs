// Loads a large model in a page and takes two steps: with this project, or with onnxruntime-web alone.
import { modelFiles } from "@gen/model-files";
import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
import * as ort from "onnxruntime-web/wasm";
import { runtimeFiles } from "./first.mjs";

const memories = [];
WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(target, args) {
    const memory = new target(...args);
    memories.push(memory);
    return memory;
  },
});

const steps = 2;

async function ours(wholeAbove) {
  const folder = modelFiles().folder("/pipeline");
  const pipeline = await loadPipeline(folder, { open: folder.open, wholeAbove });
  const wasm = { provider: "wasm", threads: 2, runtime: ort, wasmPaths: runtimeFiles };
  const { x } = await generate(pipeline, { backend: onnxBackend(wasm), steps, seed: 1 });
  return x.every(Number.isFinite);
}

async function bare() {
  ort.env.wasm.numThreads = 2;
  ort.env.wasm.wasmPaths = runtimeFiles;
  const bytes = async (path) =>
    new Uint8Array(await (await fetch(`/pipeline/unet/${path}`)).arrayBuffer());
  const path = "model.onnx_data";
  const session = await ort.InferenceSession.create(await bytes("model.onnx"), {
    executionProviders: ["wasm"],
    externalData: [{ path, data: await bytes(path) }],
  });
  const x = Float32Array.from({ length: 4 * 16 * 16 }, (_, i) => Math.sin(i));
  for (const t of [500n, 0n]) {
    const { out_sample } = await session.run({
      sample: new ort.Tensor("float32", x, [1, 4, 16, 16]),
      timestep: new ort.Tensor("int64", [t], [1]),
    });
    if (!out_sample.data.every(Number.isFinite)) return false;
  }
  // The session stays, as that of a page that goes on.
  globalThis.session = session;
  return true;
}

globalThis.bench = {
  ours,
  bare,
  wasmBytes: () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
};
