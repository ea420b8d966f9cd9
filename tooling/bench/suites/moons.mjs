// @ts-check
import { standardize, twoMoons } from "@gen/data";
import { ddimSteps } from "@gen/ddim";
import { ddpmSteps, trainDdpm } from "@gen/ddpm";
import { slicedWasserstein } from "@gen/math";
import { cosineDecay, mlp } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { sampler } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { alternate, stepped, timesAsFast } from "../alternate.mjs";
import { npmVersion } from "../machine.mjs";
import { pyTorch, pyTorchName } from "../pytorch.mjs";
import { median, short, spread } from "../statistics.mjs";

const batchSize = 256;
const points = 5000;
const seeds = [0, 1, 2];
const schedule = linearSchedule();
const peak = 4e-3;
const decay = 0.999;

/** @typedef {import("../results.mjs").Row} Row */

const network = (seed = 0) =>
  mlp({ inputs: 2, hidden: [210, 210, 210], time: { features: 64 }, seed });

/** Training points, and fresh ones on the same scale. @param {number} seed */
function standardMoons(seed) {
  const { dataset, mean, std } = standardize(twoMoons({ n: 8000, seed }));
  const fresh = (/** @type {number} */ own) =>
    twoMoons({ n: points, seed: own }).data.map((v, i) => (v - mean[i % 2]) / std[i % 2]);
  return { dataset, fresh };
}

/** @type {import("../run.mjs").Suite} */
export const suite = {
  title: "Two moons: MLP denoiser, T = 1000",
  seconds: (quick) => (quick ? 15 : 150),
  async run({ quick, progress }) {
    const backend = await onnxBackend({ device: "cpu", threads: 2 });
    const rows = [
      await speed(backend, { quick, progress }),
      ...(await quality(backend, { quick, progress })),
    ];
    await backend.close();
    return { rows, versions: [npmVersion("onnxruntime-node")] };
  },
};

/** @param {any} backend @param {import("../run.mjs").Run} run @returns {Promise<Row>} */
async function speed(backend, { quick, progress }) {
  const what = "two-moons training step beside PyTorch";
  progress(0, what);
  const { dataset } = standardMoons(0);
  const ours = await stepped((hooks) =>
    trainDdpm({
      network: network(),
      dataset,
      batchSize,
      backend,
      steps: 1e6,
      logEvery: 1,
      ...hooks,
    }),
  );
  const one = await pyTorch("moons.py", ["--threads", "1"]);
  const two = await pyTorch("moons.py", ["--threads", "2"]);
  const peers = [one.peer, two.peer].filter((peer) => peer !== undefined);
  const blocks = await alternate(
    {
      ours: ours.steps,
      ...Object.fromEntries(
        peers.map((peer, i) => [String(i), (/** @type {number} */ count) => peer.steps(count)]),
      ),
    },
    {
      rounds: quick ? 3 : 15,
      count: quick ? 20 : 80,
      onRound: (share) => progress(0.15 * share, what),
    },
  );
  await ours.stop();
  for (const peer of peers) await peer.stop();
  const [best] = peers
    .map((peer, i) => ({ peer, blocks: blocks[i] }))
    .sort((a, b) => median(a.blocks.flat()) - median(b.blocks.flat()));
  const ratio = best && timesAsFast(blocks.ours, best.blocks);
  const rest = peers.flatMap((peer, i) =>
    peer === best.peer ? [] : `${pyTorchName(peer.about)}: ${spread(blocks[i].flat())}`,
  );
  return {
    work: `training step, ${parameterCount()} parameters, batch 256: onnxruntime-node, 2 threads`,
    ours: spread(blocks.ours.flat()),
    peer: best
      ? `${pyTorchName(best.peer.about)}: ${spread(best.blocks.flat())}`
      : `no PyTorch: ${one.missing}`,
    target: ">= 1.5x as fast",
    ...(ratio && { ratio: `${short(ratio)}x`, pass: ratio >= 1.5 }),
    ...(rest.length > 0 && { note: `the slower choice of threads was ${rest.join(", ")}` }),
  };
}

const parameterCount = () =>
  network()
    .parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    .toLocaleString("en");

/** @param {any} backend @param {import("../run.mjs").Run} run @returns {Promise<Row[]>} */
async function quality(backend, { quick, progress }) {
  const steps = quick ? 500 : 5000;
  const every = { ddpm: ddpmSteps(schedule), ddim: ddimSteps(schedule, { steps: 50 }) };
  /** @type {Record<string, number[]>} */
  const ours = { ddpm: [], ddim: [], fresh: [] };
  const runs = quick ? seeds.slice(0, 1) : seeds;
  for (const [i, seed] of runs.entries()) {
    const what = `two moons, seed ${seed}`;
    const at = (/** @type {number} */ share) =>
      progress(0.15 + (0.5 * (i + share)) / runs.length, what);
    const { dataset, fresh } = standardMoons(seed);
    const denoiser = await trainDdpm({
      network: network(seed),
      dataset,
      schedule,
      batchSize,
      seed,
      backend,
      steps,
      learningRate: cosineDecay({ peak, steps, warmUp: 100 }),
      ema: decay,
      logEvery: 100,
      onStep: ({ step }) => at((0.6 * step) / steps),
    });
    const draw = sampler({ backend, denoiser });
    for (const [name, table] of Object.entries(every)) {
      const { x } = await draw.sample({ steps: table, shape: [points, 2], seed, clip: 3 });
      ours[name].push(distance(x, fresh(1000 + seed), seed));
    }
    ours.fresh.push(distance(fresh(2000 + seed), fresh(1000 + seed), seed));
    await draw.dispose();
  }
  const theirs = await pyTorchQuality(steps, runs, progress);
  const row = (
    /** @type {string} */ name,
    /** @type {string} */ what,
    /** @type {number} */ limit,
  ) => ({
    work: `${what}: sliced W2 to fresh data, median of ${runs.length} seeds`,
    ours: distances(ours[name]),
    peer: Array.isArray(theirs)
      ? `PyTorch: ${distances(theirs.map((each) => each[name]))}`
      : theirs,
    target: `<= ${limit}`,
    ...(!quick && { pass: median(ours[name]) <= limit }),
  });
  return [
    row("ddpm", "DDPM, 1,000 steps", 0.07),
    row("ddim", "DDIM, 50 steps", 0.085),
    {
      work: "fresh data to fresh data, the same measure",
      ours: distances(ours.fresh),
      peer: "",
      note: `${steps} steps of 256; ${training}; 8,000 training points, ${points} samples, 256 directions, x0 clipped to [-3, 3]; PyTorch trains the same way`,
    },
  ];
}

const training = `Adam with a cosine to 0 from ${peak} after 100 steps of warm-up, averaged weights (decay ${decay})`;

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {number} seed */
const distance = (a, b, seed) => slicedWasserstein(a, b, 2, { directions: 256, seed });

/** @param {number[]} values */
const distances = (values) =>
  `${median(values).toFixed(3)} (${values.map((v) => v.toFixed(3)).join(", ")})`;

/**
 * @param {number} steps
 * @param {number[]} runs
 * @param {import("../run.mjs").Run["progress"]} progress
 * @returns {Promise<Record<string, number>[] | string>}
 */
async function pyTorchQuality(steps, runs, progress) {
  const { peer, missing } = await pyTorch("moons.py", ["--threads", "1"]);
  if (!peer) return `no PyTorch: ${missing}`;
  const all = [];
  for (const [i, seed] of runs.entries()) {
    const request = {
      do: "quality",
      steps,
      seed,
      n: points,
      peak,
      cosine: true,
      warm_up: 100,
      decay,
    };
    all.push(
      await peer.ask(request, (share) =>
        progress(0.65 + (0.35 * (i + share)) / runs.length, `two moons, PyTorch, seed ${seed}`),
      ),
    );
  }
  await peer.stop();
  return all;
}
