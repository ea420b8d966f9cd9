import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { pyTorch } from "../pytorch.mjs";
import { speedRow } from "../results.mjs";
import { folder, fullFashionMnist, installData, vaeSteps } from "../vae.mjs";

export const title = "VAE 784-400-20 on Fashion-MNIST: training step";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const { train, whole } = await fullFashionMnist();
  const peer = await pyTorch("vae.py", 2, folder);
  const backend = await onnxBackend({ device: "cpu", threads: 2 });
  const ours = await vaeSteps(backend, train);
  const sides = { ours: ours.steps, ...(peer.request && { peer: peer.steps }) };
  const blocks = await alternate(sides, { rounds: 15, count: 40 });
  await ours.stop();
  await backend.close();
  await peer.stop();
  const work = "training step, batch 128, Adam: onnxruntime-node, 2 threads";
  const name = whole ? peer.name : `needs ${installData}`;
  return [speedRow({ work, ...blocks, name, target: 1.25 })];
}
