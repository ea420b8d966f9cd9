import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { pyTorch } from "../pytorch.mjs";
import { speedRow } from "../results.mjs";
import { trainingSteps } from "../unet.mjs";

const batch = 64;

export const title = "UNet 28x28, 1.1 M parameters: training step";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const peer = await pyTorch("unet.py", 2);
  const backend = await onnxBackend({ device: "cpu", threads: 2 });
  const ours = await trainingSteps(backend, batch);
  const train = (count) => peer.request({ do: "train", count });
  const sides = { ours: ours.steps, ...(peer.request && { peer: train }) };
  const blocks = await alternate(sides, { rounds: 5, count: 2, warmUp: 1 });
  await ours.stop();
  await backend.close();
  await peer.stop();
  const work = `training step, batch ${batch}, Adam: onnxruntime-node, 2 threads`;
  return [speedRow({ work, ...blocks, name: peer.name, target: 0.7 })];
}
