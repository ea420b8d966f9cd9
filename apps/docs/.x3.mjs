import { readFile, writeFile } from "node:fs/promises";
import { writePng } from "@gen/data";
import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
const T = (l) => console.log(l, Math.round(performance.now()));
const folder = "apps/demo/public/assets/models-1/latent/";
const pipeline = await loadPipeline((path) => readFile(folder + path).catch(() => undefined));
console.log(pipeline.classes, pipeline.shape, pipeline.denoiser.condition, pipeline.denoiser.parameters[0].dtype);
const backend = await onnxBackend();
T("start");
const scales = [0, 1, 2, 4, 8];
const sheet = new Uint8Array(scales.length * 30 * 10 * 30).fill(255);
for (const [row, guidance] of scales.entries()) {
  const condition = Array.from({ length: 10 }, (_, i) => i);
  const { x, shape } = await generate(pipeline, { backend, count: 10, condition, guidance, sampler: "ddim", steps: 20, seed: 3 });
  if (row === 0) console.log(shape);
  for (let i = 0; i < x.length; i++) {
    const [n, p] = [Math.floor(i / 784), i % 784];
    const [yy, xx] = [row * 30 + 1 + Math.floor(p / 28), n * 30 + 1 + (p % 28)];
    sheet[yy * 300 + xx] = 255 - Math.round(127.5 * (Math.min(1, Math.max(-1, x[i])) + 1));
  }
}
T("rows");
const spreads = [];
for (const guidance of [1, 2, 4, 8]) {
  const count = 32;
  const { x } = await generate(pipeline, { backend, count, condition: 1, guidance, sampler: "ddim", steps: 20, seed: 0 }).catch(e => { console.log(e.message); return generate(pipeline, { backend, count, condition: new Array(count).fill(1), guidance, sampler: "ddim", steps: 20 })});
  const mean = new Float64Array(784);
  x.forEach((v, i) => { mean[i % 784] += v / count; });
  spreads.push(Math.sqrt(x.reduce((s, v, i) => s + (v - mean[i % 784]) ** 2, 0) / x.length).toFixed(3));
}
console.log(spreads); T("spread");
await writeFile("/tmp/howto-b/rows.png", writePng({ width: 300, height: 150, channels: 1, data: sheet }));
await backend.close();
