// @ts-check
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate, timesAsFast } from "../alternate.mjs";
import {
  batchGraph,
  benchUnet,
  outputOn,
  probe,
  requireSame,
  samplingSteps,
  size,
  trainingSteps,
  weightsOf,
} from "../bench-unet.mjs";
import { costOf, floorText, ratesOn, withBackward } from "../floor.mjs";
import { npmVersion } from "../machine.mjs";
import { jaxThread } from "../peers/jax-thread.mjs";
import { slowConvolution } from "../peers/jax-unet.mjs";
import { tfjsUnet } from "../peers/tfjs-unet.mjs";
import { pyTorch, pyTorchName } from "../pytorch.mjs";
import { median, short, spread } from "../statistics.mjs";

const threads = 2;
const [sampled, trained] = [16, 64];

/** @typedef {import("../results.mjs").Row} Row */

/** @type {import("../run.mjs").Suite} */
export const suite = {
  title: "UNet 28x28, 1.1 M parameters",
  seconds: (quick) => (quick ? 30 : 100),
  async run({ quick, progress }) {
    const network = benchUnet();
    const { peer, missing } = await pyTorch("unet.py", ["--threads", String(threads)]);
    const node = await onnxBackend({ device: "cpu", threads });
    const output = await outputOn(node, network, sampled);
    if (peer) requireSame("PyTorch", await torchOutput(peer, network), output);
    const rows = await besidePyTorch(network, node, { peer, missing }, quick, progress);
    await node.close();
    await peer?.stop();
    rows.push(...(await onWasm(network, output, quick, progress)));
    return {
      rows,
      versions: [npmVersion("onnxruntime-node"), npmVersion("onnxruntime-web")],
    };
  },
};

/**
 * What PyTorch's network makes of the probe with our weights.
 * @param {import("../pytorch.mjs").Peer} peer
 * @param {import("@gen/nn").Network} network
 * @returns {Promise<number[]>}
 */
function torchOutput(peer, network) {
  const weights = Object.entries(weightsOf(network));
  const bytes = weights.map(
    ([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  const { x, t } = probe(sampled);
  return peer.ask({
    do: "output",
    shapes: Object.fromEntries(weights.map(([name, { shape }]) => [name, shape])),
    weights: Buffer.concat(bytes).toString("base64"),
    x: Array.from(x),
    t,
  });
}

/**
 * @param {import("@gen/nn").Network} network
 * @param {any} backend
 * @param {{ peer?: import("../pytorch.mjs").Peer, missing?: string }} pyTorch
 * @param {boolean} quick
 * @param {import("../run.mjs").Run["progress"]} progress
 * @returns {Promise<Row[]>}
 */
async function besidePyTorch(network, backend, { peer, missing }, quick, progress) {
  const rates = await ratesOn(backend);
  const forward = costOf(batchGraph(network, sampled));
  const works = [
    {
      command: "sample",
      work: `DDIM step, batch ${sampled}: onnxruntime-node, ${threads} threads`,
      peer: "and diffusers' step",
      start: () => samplingSteps(backend, network, [sampled, 1, size, size]),
      cost: forward,
      target: 1.6,
      rounds: quick ? 3 : 12,
      count: quick ? 3 : 8,
      shares: [0, 0.25],
    },
    {
      command: "train",
      work: `training step, batch ${trained}, Adam: onnxruntime-node, ${threads} threads`,
      peer: "",
      start: () => trainingSteps(backend, trained),
      cost: withBackward(costOf(batchGraph(network, trained))),
      target: 0.7,
      rounds: quick ? 2 : 5,
      count: quick ? 1 : 2,
      shares: [0.25, 0.65],
    },
  ];
  /** @type {Row[]} */
  const rows = [];
  for (const { command, work, start, cost, target, rounds, count, shares, ...told } of works) {
    const [from, to] = shares;
    const at = (/** @type {number} */ share) =>
      progress(from + (to - from) * share, `UNet ${work}, beside PyTorch`);
    at(0);
    const ours = await start();
    const blocks = await alternate(
      { ours: ours.steps, ...(peer && { peer: (count) => peer.ask({ do: command, count }) }) },
      { rounds, count, warmUp: 1, onRound: at },
    );
    await ours.stop();
    const ratio = peer && timesAsFast(blocks.ours, blocks.peer);
    const name = peer && [pyTorchName(peer.about), told.peer].filter(Boolean).join(" ");
    rows.push({
      work,
      ours: spread(blocks.ours.flat()),
      peer: peer ? `${name}: ${spread(blocks.peer.flat())}` : `no PyTorch: ${missing}`,
      target: `>= ${target}x as fast`,
      ...(ratio && { ratio: `${short(ratio)}x`, pass: ratio >= target }),
      note: floorText(cost, rates, median(blocks.ours.flat())),
    });
  }
  return rows;
}

/**
 * @param {import("@gen/nn").Network} network
 * @param {Float32Array} output What the network makes of the probe.
 * @param {boolean} quick
 * @param {import("../run.mjs").Run["progress"]} progress
 * @returns {Promise<Row[]>}
 */
async function onWasm(network, output, quick, progress) {
  const what = "UNet DDIM step on WASM, beside tfjs and jax-js";
  progress(0.65, what);
  const backend = await onnxBackend({ device: "wasm", threads });
  const rates = await ratesOn(backend);
  requireSame("onnx/wasm", await outputOn(backend, network, sampled), output);
  const { x, t } = probe(sampled);
  const weights = weightsOf(network);
  const tfjs = await tfjsUnet(weights, size);
  requireSame(tfjs.name, await tfjs.output(x, t), output);
  const tuned = await tfjsUnet(weights, size, { tuned: true });
  requireSame(`${tuned.name}, tuned`, await tuned.output(x, t), output);
  const jax = jaxThread(weights, size);
  const jaxName = `${npmVersion("@jax-js/jax")} wasm, by hand`;
  requireSame(jaxName, await jax.output(x, t), output);

  const ours = await samplingSteps(backend, network, [sampled, 1, size, size]);
  const blocks = await alternate(
    {
      ours: ours.steps,
      tfjs: tfjs.sampler(sampled),
      tuned: tuned.sampler(sampled),
      jax: jax.sampler(sampled),
    },
    {
      rounds: quick ? 2 : 5,
      count: quick ? 1 : 3,
      warmUp: 1,
      settle: quick ? 2 : 12,
      onRound: (share) => progress(0.65 + 0.35 * share, what),
    },
  );
  await ours.stop();
  await backend.close();
  tfjs.stop();
  await jax.stop();
  const floor = floorText(costOf(batchGraph(network, sampled)), rates, median(blocks.ours.flat()));
  const alone = "it has one thread in Node";
  return [
    {
      peer: tfjs.name,
      key: "tfjs",
      note: `${alone}; tuned by hand it takes ${spread(blocks.tuned.flat())}, ${short(timesAsFast(blocks.ours, blocks.tuned))}x; ${floor}`,
    },
    { peer: `${jaxName}, one jit`, key: "jax", note: `${alone}; ${slowConvolution}` },
  ].map(({ peer, key, note }) => {
    const ratio = timesAsFast(blocks.ours, blocks[key]);
    return {
      work: `DDIM step, batch ${sampled}: onnxruntime-web WASM in Node, ${threads} threads, beside ${key === "jax" ? "jax-js" : "tfjs"}`,
      ours: spread(blocks.ours.flat()),
      peer: `${peer}: ${spread(blocks[key].flat())}`,
      ratio: `${short(ratio)}x`,
      target: ">= 2x as fast",
      pass: ratio >= 2,
      note,
    };
  });
}
