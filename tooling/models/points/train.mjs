// Trains the small denoiser of points that the demo's Race opens with, and writes it as float16.
// ONNX Runtime's WebAssembly on one thread computes the same bytes on every machine.
// Usage: node tooling/models/points/train.mjs [FILE]     about a minute
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromDemo, pages } from "./bundle.mjs";

const target = process.argv[2] ?? fileURLToPath(new URL("race/points.safetensors", pages));

// The network and the schedule are the demo's own, so the packages are the ones that it sees.
const gen = await fromDemo(
  "train",
  `
    export { pointDenoiser } from "./points/point-denoiser.ts";
    export { schedule } from "./points/schedule.ts";
    export { standardize, swissRoll, writeSafetensors } from "@gen/data";
    export { trainDdpm } from "@gen/ddpm";
    export { tensor } from "@gen/graph";
    export { cosineDecay } from "@gen/nn";
    export { openBackend } from "@gen/runtime-gpu";
  `,
);

const steps = 6000;
// A soft spiral. The sines of WebGPU and WebGL are 2e-4 off on SwiftShader; the paths of a sharp
// spiral (noise 0.05) carry that to 2e-3 in the points, those of this one to 9e-4.
const { dataset } = gen.standardize(gen.swissRoll({ n: 8000, seed: 1, noise: 0.2 }));
const bound = dataset.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
const backend = await gen.openBackend("onnx/wasm", { onnx: { threads: 1 } });
const { training } = await gen.trainDdpm({
  backend,
  network: gen.pointDenoiser(),
  dataset,
  schedule: gen.schedule,
  batchSize: 256,
  steps,
  learningRate: gen.cosineDecay({ peak: 2e-3, steps }),
  ema: 0.99,
  seed: 0,
  logEvery: 1000,
  onStep: ({ step, losses }) =>
    step % 1000 === 0 && console.log(`step ${step}: ${losses.loss.toFixed(4)}`),
});
const { weights, ema = weights } = training.state;
const tensors = Object.fromEntries(
  Object.entries(ema).map(([name, { data, shape }]) => [
    name,
    { dtype: "float16", shape, data: gen.tensor(data, shape, "float16").data },
  ]),
);
const file = gen.writeSafetensors(tensors, { bound: String(bound) });
writeFileSync(target, file);
const hash = createHash("sha256").update(file).digest("hex");
console.log(`${target}: ${file.length} bytes, SHA-256 ${hash}`);
process.exit();
