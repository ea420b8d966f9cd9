import { readFile } from "node:fs/promises";
import { standardize, twoMoons } from "@gen/data";
import { generate, trainDdpm } from "@gen/ddpm";
import { slicedWasserstein } from "@gen/math";
import { weightsOf } from "@gen/nn";
import { loadPipeline, pipelineFiles } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
const T = (l) => console.log(l, Math.round(performance.now()), Math.round(process.cpuUsage().user/1000));
const load = (folder, o) => loadPipeline((path) => readFile(`${folder}/${path}`).catch(() => undefined), o);
const pipeline = await load("apps/docs/test/reference/export/theirs", { shape: [2] });
const { dataset } = standardize(twoMoons({ n: 2000, seed: 0 }));
const backend = await onnxBackend();
T("start");
const distance = async (of) => { const { x } = await generate(of, { backend, count: 1000, steps: 25, clip: 3 }); return slicedWasserstein(x, dataset.data, 2); };
console.log("before", await distance(pipeline));
for (const [lr, steps] of [[2e-3, 300], [2e-3, 600]]) {
  const r = await trainDdpm({ backend, network: pipeline.denoiser, schedule: pipeline.scheduler.schedule, dataset, learningRate: lr, steps });
  const tuned = { ...pipeline, denoiser: r.pipeline.denoiser };
  console.log(lr, steps, await distance(tuned), r.training.history[0].losses.loss, r.training.history.at(-1).losses.loss);
  T("x");
}
const denoiser = { ...pipeline.denoiser, parameters: pipeline.denoiser.parameters.filter((p) => p.name !== "exp") };
const r = await trainDdpm({ backend, network: denoiser, schedule: pipeline.scheduler.schedule, dataset, learningRate: 2e-3, steps: 20 });
console.log(Object.keys(r.weights));
const files = pipelineFiles({ ...pipeline, denoiser: r.pipeline.denoiser });
const again = await loadPipeline(async (p) => files[p]);
const a = weightsOf(again.denoiser), b = weightsOf(pipeline.denoiser);
for (const n of Object.keys(b)) console.log(n, a[n].shape, b[n].shape, Math.max(...a[n].data.map((v, i) => Math.abs(v - b[n].data[i]))));
await backend.close();
