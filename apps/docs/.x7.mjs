import { readFile } from "node:fs/promises";
import { standardize, twoMoons, fashionMnist, slice } from "@gen/data";
import { generate, trainDdpm } from "@gen/ddpm";
import { slicedWasserstein } from "@gen/math";
import { weightsOf } from "@gen/nn";
import { loadPipeline, pipelineFiles } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
const T = (l) => console.log(l, Math.round(performance.now()));
const load = (folder, o) => loadPipeline((path) => readFile(`${folder}/${path}`).catch(() => undefined), o);
const pipeline = await load("apps/docs/test/reference/export/theirs", { shape: [2] });
const { dataset } = standardize(twoMoons({ n: 2000, seed: 0 }));
const backend = await onnxBackend();
T("start");
const distance = async (of) => { const { x } = await generate(of, { backend, count: 1000, sampler: "ddim", steps: 20 }); return slicedWasserstein(x, dataset.data, 2); };
console.log("before", await distance(pipeline));
for (const [lr, steps] of [[1e-3, 300], [3e-3, 300], [3e-3, 1000]]) {
  const r = await trainDdpm({ backend, network: pipeline.denoiser, schedule: pipeline.scheduler.schedule, dataset, learningRate: lr, steps, ema: 0.99 });
  const tuned = { ...pipeline, denoiser: r.pipeline.denoiser };
  console.log(lr, steps, await distance(tuned), r.training.history[0].losses.loss, r.training.history.at(-1).losses.loss);
  T("x");
}
// frozen
const denoiser = { ...pipeline.denoiser, parameters: pipeline.denoiser.parameters.filter((p) => p.name.startsWith("layers.2.")) };
const r = await trainDdpm({ backend, network: denoiser, schedule: pipeline.scheduler.schedule, dataset, learningRate: 3e-3, steps: 300 });
console.log(Object.keys(r.weights), await distance({ ...pipeline, denoiser: r.pipeline.denoiser }));
const files = pipelineFiles({ ...pipeline, denoiser: r.pipeline.denoiser });
const again = await loadPipeline(async (p) => files[p]);
const same = (n) => weightsOf(again.denoiser)[n].data.every((v, i) => v === weightsOf(pipeline.denoiser)[n].data[i]);
console.log(Object.keys(weightsOf(again.denoiser)), ["layers.0.weight", "layers.2.weight", "exp"].map((n) => { try { return same(n) } catch (e) { return e.message } }));
T("end");
await backend.close();
