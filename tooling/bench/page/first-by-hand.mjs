// Draws a page's first sample with onnxruntime-web alone, from the same pipeline.
import * as ort from "onnxruntime-web/wasm";
import { firstNoise, report, runtimeFiles } from "./first.mjs";

ort.env.wasm.numThreads = 2;
ort.env.wasm.wasmPaths = runtimeFiles;
const [session, config] = await Promise.all([
  ort.InferenceSession.create("/pipeline/unet/model.onnx", { executionProviders: ["wasm"] }),
  fetch("/pipeline/scheduler/scheduler_config.json").then((response) => response.json()),
]);
const { num_train_timesteps: length, beta_start: low, beta_end: high } = config;
const cumulative = [];
let product = 1;
for (let t = 0; t < length; t++) {
  product *= 1 - (low + ((high - low) * t) / (length - 1));
  cumulative.push(product);
}

const shape = [1, 1, 8, 8];
const steps = 10;
let x = firstNoise(64);
for (let i = steps - 1; i >= 0; i--) {
  const t = i * Math.floor(length / steps);
  const { out_sample } = await session.run({
    sample: new ort.Tensor("float32", x, shape),
    timestep: new ort.Tensor("int64", [BigInt(t)], [1]),
  });
  const epsilon = out_sample.data;
  const now = cumulative[t];
  const next = i > 0 ? cumulative[t - Math.floor(length / steps)] : 1;
  x = x.map((v, k) => {
    const x0 = Math.min(1, Math.max(-1, (v - Math.sqrt(1 - now) * epsilon[k]) / Math.sqrt(now)));
    return Math.sqrt(next) * x0 + Math.sqrt(1 - next) * epsilon[k];
  });
}
report(x);
