import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { startWays } from "../python-peers.mjs";
import { speedRow } from "../results.mjs";
import { trainingSteps } from "../unet.mjs";

const batch = 64;
const ways = [
  ["eager, fused Adam"],
  ["eager, channels last, fused Adam"],
  ["torch.compile, fused Adam"],
];

export const title = "UNet 28x28, 1.1 M parameters: training step";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const torch = await startWays("unet_training.py", ways);
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const ours = await trainingSteps(backend, batch);
  const sides = { ours: ours.steps, ...torch.sides };
  const blocks = await alternate(sides, { rounds: 5, count: 2, warmUp: 1 });
  await ours.stop();
  await backend.close();
  await torch.stop();
  const work = `training step, batch ${batch}, Adam: onnxruntime-node, 2 threads`;
  return [speedRow({ work, ours: blocks.ours, target: 1, ...torch.best(blocks) })];
}
