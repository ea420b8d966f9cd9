import { readFile } from "node:fs/promises";
import { openDataset } from "@gen/data";
import { generate, trainDdpm } from "@gen/ddpm";
import { unet } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
const T = (l) => console.log(l, Math.round(performance.now()));
const dataset = await openDataset("packages/data/test/fixtures/pictures");
const backend = await onnxBackend();
T("start");
const { pipeline, training } = await trainDdpm({
  backend, dataset, network: unet({ size: 8, channels: 8, classes: 2 }), conditionDropout: 0.1,
  batchSize: 16, steps: 150, learningRate: 3e-3, ema: 0.9,
});
console.log(training.history.at(-1), pipeline.classes);
T("trained");
const mid = ({ x }) => Array.from({ length: x.length / 64 }, (_, n) => [27, 28, 35, 36].reduce((s, p) => s + x[64 * n + p], 0) / 4);
for (const guidance of [undefined, 1, 2, 3, 4]) for (const c of [0, 1]) {
  const s = await generate(pipeline, { backend, count: 8, condition: new Array(8).fill(c), guidance, sampler: "ddim", steps: 15 });
  console.log(guidance, pipeline.classes[c], mid(s).map((v) => v.toFixed(1)).join(" "));
}
const count = 2;
for (const f of [() => generate(pipeline, { backend, count: 2 }), () => generate(pipeline, { backend, count: 2, condition: [0, 5] }), () => generate(pipeline, { backend, count: 2, condition: [0] }),() => generate(pipeline, { backend, count: 3, condition: [0,1] }), () => generate(pipeline, { backend, count: 2, condition: [0, 1], guidance: { scale: 2 } }), () => generate(pipeline, { backend, count: 2, condition: 1, steps: 3 }), () => generate(pipeline, { backend, count: 2, condition: [0, 1], steps: 3, guidance: NaN })])
  await f().then(() => console.log("no error"), (e) => console.log(e.message, e.code));
console.log(backend.memory());
T("end");
await backend.close();
