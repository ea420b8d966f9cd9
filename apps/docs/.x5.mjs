// fine-tuning facts
import { readFile } from "node:fs/promises";
import { digits, openDataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { loadPipeline, pipelineFiles } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { fashionMnist, slice } from "@gen/data";
import { generate } from "@gen/sampling";
const T = (l) => console.log(l, Math.round(performance.now()));
const backend = await onnxBackend();
const load = (folder, o) => loadPipeline((path) => readFile(`${folder}/${path}`).catch(() => undefined), o);
const pixel = await load("apps/demo/public/assets/models-1/pixel");
console.log(pixel.shape, pixel.scheduler.predictionType, pixel.denoiser.classes, pixel.denoiser.parameters.length, pixel.denoiser.parameters[0].dtype, pixel.classes?.length);
const { scheduler: { schedule } } = pixel;
T("loaded");
const bags = await fashionMnist({ split: "test" });
try {
const r = await trainDdpm({ backend, network: pixel.denoiser, schedule, dataset: slice(bags, 0, 200), batchSize: 8, steps: 6, logEvery: 2, learningRate: 1e-4, conditionDropout: 0.1 });
console.log(r.training.history.map((h) => h.losses.loss), r.pipeline.denoiser.parameters[0].dtype);
T("trained");
const f = pipelineFiles({ ...pixel, denoiser: r.pipeline.denoiser });
console.log(Object.entries(f).map(([k, v]) => [k, v.length]));
} catch (e) { console.log("pixel:", e.message); }
const unet = await load("packages/cli/test/reference/unet-28");
console.log(unet.shape, unet.scheduler.predictionType);
for (const [name, f] of Object.entries({
 shape: async () => trainDdpm({ backend, network: unet.denoiser, dataset: await digits(), steps: 1 }),
 v: async () => trainDdpm({ backend, network: unet.denoiser, dataset: bags, steps: 1, predicts: "v" }),
 nolabels: async () => trainDdpm({ backend, network: pixel.denoiser, dataset: { ...bags, labels: undefined }, steps: 1 }),
 labels: async () => trainDdpm({ backend, network: pixel.denoiser, dataset: { ...bags, labels: bags.labels.map(() => 12) }, steps: 1 }),
 dropout: async () => trainDdpm({ backend, network: unet.denoiser, dataset: bags, steps: 1, conditionDropout: 0.1 }),
})) await f().then(() => console.log(name, "no error"), (e) => console.log(name, e.message, e.code));
T("end");
await backend.close();
