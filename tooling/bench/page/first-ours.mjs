// Draws a page's first sample with loadPipeline and sample.
import { ddimSteps } from "@gen/ddim";
import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { sample } from "@gen/sampling";
import * as runtime from "onnxruntime-web/wasm";
import { firstNoise, report, runtimeFiles } from "./first.mjs";

const read = async (path) => {
  const response = await fetch(`/pipeline/${path}`);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
};
const backend = onnxBackend({ provider: "wasm", threads: 2, runtime, wasmPaths: runtimeFiles });
const { denoiser, scheduler, shape } = await loadPipeline(read);
const { x } = await sample({
  backend,
  denoiser,
  steps: ddimSteps(scheduler.schedule, { steps: 10, keepEpsilon: true }),
  shape: [1, ...shape],
  x: firstNoise(shape.reduce((a, b) => a * b, 1)),
  clip: scheduler.clip ?? false,
});
report(x);
