import { openDataset, readSafetensors, writePng, writeSafetensors } from "@gen/data";
import { generate, trainDdpm } from "@gen/ddpm";
import { stateFromTensors, stateTensors, unet, weightsOf } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
const T = (l) => console.log(l, Math.round(performance.now()));
const folder = "packages/data/test/fixtures/pictures";
const dataset = await openDataset(folder, { size: 8, channels: 1 });
console.log(dataset.shape, dataset.length, dataset.classes);
const backend = await onnxBackend();
T("start");
for (const steps of [100]) {
  const { pipeline, training } = await trainDdpm({ backend, dataset, network: unet({ size: 8, channels: 8, multipliers: [1, 2] }), batchSize: 16, steps, learningRate: 3e-3, ema: 0.9, logEvery: 25 });
  console.log(training.history.map((h) => [h.step, h.losses.loss.toFixed(3)]).join(" "));
  T("trained " + steps);
  const { x, shape } = await generate(pipeline, { backend, count: 4, sampler: "ddim", steps: 10 });
  console.log(shape, Math.min(...x), Math.max(...x)); T("gen");
}
// stop/resume
const controller = new AbortController();
const o = { backend, dataset, network: unet({ size: 8, channels: 8, multipliers: [1, 2] }), batchSize: 16, steps: 20, logEvery: 5 };
const first = await trainDdpm({ ...o, signal: controller.signal, onStep: ({ step }) => { if (step === 10) controller.abort(); } });
console.log(first.training.step, first.training.aborted);
const bytes = writeSafetensors(stateTensors(first.training.state));
const resume = stateFromTensors(first.training.step, readSafetensors(bytes).tensors);
const second = await trainDdpm({ ...o, resume });
const whole = await trainDdpm(o);
const a = weightsOf(second.pipeline.denoiser), b = weightsOf(whole.pipeline.denoiser);
console.log(Object.keys(a).every((n) => a[n].data.every((v, i) => v === b[n].data[i])), backend.memory());
T("resumed");
for (const f of [() => openDataset("apps/docs"), () => openDataset(folder, { size: 9 }).then((d) => trainDdpm({ ...o, dataset: d })), () => trainDdpm({ ...o, network: unet({ size: 9 }) }), ()=>trainDdpm({...o, batchSize: 100, steps: 1}),()=>trainDdpm({...o, steps: 40, learningRate: 1e6})]) await f().then(() => console.log("no error"), (e) => console.log(e.message, e.code));
T("end");
await backend.close();
