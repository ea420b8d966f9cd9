import { ddimSteps } from "@gen/ddim";
import { ddpmSteps, trainDdpm } from "@gen/ddpm";
import { slicedWasserstein } from "@gen/math";
import { cosineDecay } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { sampler } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { median } from "../measure.mjs";
import { moonsNetwork, points, standardizedMoons } from "../moons.mjs";
import { startPeer } from "../python-peers.mjs";

const schedule = linearSchedule();
const tables = { ddpm: ddpmSteps(schedule), ddim: ddimSteps(schedule, { steps: 50 }) };
const [peak, decay, warmUp] = [4e-3, 0.999, 100];

export const title = "Two moons: samples of the MLP denoiser, T = 1000";
export const versions = ["onnxruntime-node"];
export const timed = false;

export async function measure({ quick }) {
  const steps = quick ? 500 : 5000;
  const seeds = quick ? [0] : [0, 1, 2];
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const ours = { ddpm: [], ddim: [], fresh: [] };
  const theirs = { ddpm: [], ddim: [] };
  const peer = await startPeer("moons.py", "eager, Adam", { threads: 1 });
  for (const seed of seeds) {
    const { dataset, fresh } = standardizedMoons(seed);
    const distance = (x) => slicedWasserstein(x, fresh(1000 + seed), 2, { directions: 256, seed });
    const learningRate = cosineDecay({ peak, steps, warmUp });
    const run = { dataset, schedule, batchSize: 256, seed, backend, steps, learningRate };
    const network = moonsNetwork(seed);
    const {
      pipeline: { denoiser },
    } = await trainDdpm({ ...run, network, ema: decay, logEvery: 100 });
    const draw = sampler({ backend, denoiser });
    for (const [name, table] of Object.entries(tables)) {
      const { x } = await draw.sample({ steps: table, shape: [points, 2], seed, clip: 3 });
      ours[name].push(distance(x));
    }
    ours.fresh.push(distance(fresh(2000 + seed)));
    await draw.dispose();
    const training = { steps, seed, n: points, peak, warm_up: warmUp, decay };
    const answer = await peer.request?.({ do: "quality", ...training });
    for (const name of Object.keys(theirs)) if (answer) theirs[name].push(answer[name]);
  }
  await backend.close();
  await peer.stop();
  const text = (values) =>
    `${median(values).toFixed(3)} (${values.map((v) => v.toFixed(3)).join(", ")})`;
  const row = (name, method, limit) => ({
    work: `${method}: sliced W2 to fresh data, median of ${seeds.length} seeds`,
    ours: text(ours[name]),
    peer: peer.request ? `PyTorch: ${text(theirs[name])}` : peer.name,
    target: `<= ${limit}`,
    pass: quick ? undefined : median(ours[name]) <= limit,
  });
  return [
    row("ddpm", "DDPM, 1,000 steps", 0.07),
    row("ddim", "DDIM, 50 steps", 0.085),
    {
      work: "fresh data to fresh data, the same measure",
      ours: text(ours.fresh),
      note: `${steps} steps of 256; Adam with a cosine to 0 from ${peak} after ${warmUp} steps of warm-up, averaged weights (decay ${decay}); 8,000 training points, ${points} samples, 256 directions, x0 clipped to [-3, 3]; PyTorch trains the same way`,
    },
  ];
}
