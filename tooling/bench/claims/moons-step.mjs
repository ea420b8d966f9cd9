import { trainDdpm } from "@gen/ddpm";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate, stepRunner } from "../measure.mjs";
import { moonsNetwork, standardizedMoons } from "../moons.mjs";
import { startWays } from "../python-peers.mjs";
import { speedRow } from "../results.mjs";

const ways = ["eager, Adam", "eager, fused Adam", "torch.compile, fused Adam"].flatMap((way) => [
  [way, 1],
  [way, 2],
]);

export const title = "Two moons: training step of the MLP denoiser";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const network = moonsNetwork();
  const run = {
    network,
    dataset: standardizedMoons(0).dataset,
    batchSize: 256,
    backend,
    steps: 1e6,
  };
  const ours = await stepRunner((hooks) => trainDdpm({ ...run, logEvery: 1, ...hooks }));
  const torch = await startWays("moons.py", ways);
  const sides = { ours: ours.steps, ...torch.sides };
  const blocks = await alternate(sides, { rounds: 15, count: 80 });
  await ours.stop();
  await backend.close();
  await torch.stop();
  const count = network.parameters.reduce((sum, { value }) => sum + value.data.length, 0);
  const row = speedRow({
    work: `training step, ${count.toLocaleString("en")} parameters, batch 256: onnxruntime-node, 2 threads`,
    ours: blocks.ours,
    target: 1.6,
    ...torch.best(blocks),
  });
  return [row];
}
