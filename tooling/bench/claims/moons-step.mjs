import { trainDdpm } from "@gen/ddpm";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate, median, spread, stepRunner } from "../measure.mjs";
import { moonsNetwork, standardizedMoons } from "../moons.mjs";
import { pyTorch } from "../pytorch.mjs";
import { speedRow } from "../results.mjs";

export const title = "Two moons: training step of the MLP denoiser";
export const versions = ["onnxruntime-node"];

/** The peer is the faster of PyTorch with one thread and with two. */
export async function measure() {
  const backend = await onnxBackend({ device: "cpu", threads: 2 });
  const network = moonsNetwork();
  const run = {
    network,
    dataset: standardizedMoons(0).dataset,
    batchSize: 256,
    backend,
    steps: 1e6,
  };
  const ours = await stepRunner((hooks) => trainDdpm({ ...run, logEvery: 1, ...hooks }));
  const peers = [await pyTorch("moons.py", 1), await pyTorch("moons.py", 2)];
  const sides = { ours: ours.steps };
  for (const peer of peers) if (peer.request) sides[peer.name] = peer.steps;
  const blocks = await alternate(sides, { rounds: 15, count: 80 });
  await ours.stop();
  await backend.close();
  for (const peer of peers) await peer.stop();
  const time = ({ name }) => (blocks[name] ? median(blocks[name].flat()) : 0);
  const [best, other] = peers.sort((a, b) => time(a) - time(b));
  const count = network.parameters.reduce((sum, { value }) => sum + value.data.length, 0);
  const row = speedRow({
    work: `training step, ${count.toLocaleString("en")} parameters, batch 256: onnxruntime-node, 2 threads`,
    ours: blocks.ours,
    peer: blocks[best.name],
    name: best.name,
    target: 1.5,
    note:
      blocks[other.name] &&
      `the slower peer is ${other.name}: ${spread(blocks[other.name].flat())}`,
  });
  return [row];
}
