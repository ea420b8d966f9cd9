import { gaussianMixture, standardize } from "@gen/data";
import { generate, trainDdpm } from "@gen/ddpm";
import { mlp } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
const T = (l) => console.log(l, Math.round(performance.now()));
const { dataset } = standardize(gaussianMixture({ n: 4000, seed: 0 }));
console.log(dataset.labels.length, dataset.classes);
const backend = await onnxBackend();
T("start");
const { pipeline, training } = await trainDdpm({ backend, dataset, network: mlp({ inputs: 2, hidden: [64, 64], time: true, classes: 8 }), conditionDropout: 0.1, steps: 600, learningRate: 3e-3 });
T("trained"); console.log(training.history.at(-1), pipeline.classes);
for (const scale of [1, 2, 4, 8]) {
  const count = 400;
  const { x } = await generate(pipeline, { backend, count, condition: 2, guidance: scale, sampler: "ddim", steps: 25, clip: 3 }).catch(async () => generate(pipeline, { backend, count, condition: new Array(count).fill(2), guidance: scale, sampler: "ddim", steps: 25, clip: 3 }));
  const m = [0, 1].map((k) => x.filter((_, i) => i % 2 === k).reduce((a, b) => a + b, 0) / count);
  const s = Math.sqrt(x.reduce((a, v, i) => a + (v - m[i % 2]) ** 2, 0) / count / 2);
  const far = Math.hypot(...m);
  console.log(scale, m.map((v) => v.toFixed(2)), "spread", s.toFixed(3), "dist", far.toFixed(2)); 
}
T("sampled");
await backend.close();
