import { batches } from "@gen/data";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { tfjsVae } from "../peers/tfjs-vae.mjs";
import { speedRow } from "../results.mjs";
import { fullFashionMnist } from "../vae.mjs";
import { vaeSteps } from "../vae-steps.mjs";

// In WebAssembly each run copies the whole state in and out, so one run takes several steps.
const stepsPerRun = 10;

export const title = "VAE 784-400-20 on Fashion-MNIST: training step in WebAssembly";
export const versions = ["onnxruntime-web"];

export async function measure() {
  const { train } = await fullFashionMnist();
  const backend = await onnxBackend({ provider: "wasm", threads: 2 });
  const ours = await vaeSteps(backend, train, stepsPerRun);
  const single = await vaeSteps(backend, train);
  const source = batches(train, { batchSize: 128, seed: 0, scale: "unit" });
  const tfjs = await tfjsVae(() => source.next().value.x);
  const blocks = await alternate(
    { ours: ours.steps, single: single.steps, peer: tfjs.steps },
    { rounds: 6, count: 12, warmUp: 2 },
  );
  await ours.stop();
  await single.stop();
  await backend.close();
  const row = (count, ours, target) =>
    speedRow({
      work: `training step, batch 128, Adam: onnxruntime-web WASM in Node, 2 threads, stepsPerRun ${count}`,
      ours,
      peer: blocks.peer,
      name: `${tfjs.name}, its own gradients and Adam`,
      target,
    });
  return [row(stepsPerRun, blocks.ours, 12), row(1, blocks.single, 8)];
}
