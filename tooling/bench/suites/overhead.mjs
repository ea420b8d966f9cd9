// @ts-check
import { toOnnx } from "@gen/graph";
import { mlp, unet } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import * as ort from "onnxruntime-node";
import { alternate, timed, timesAsFast } from "../alternate.mjs";
import { batchGraph, samplingSteps } from "../bench-unet.mjs";
import { npmVersion } from "../machine.mjs";
import { spread } from "../statistics.mjs";

const threads = 2;

/** @typedef {import("../results.mjs").Row} Row */
/** @typedef {import("@gen/nn").Network} Network */

/** @type {{ work: string, shape: number[], network: () => Network, count: number, most: number }[]} */
const cases = [
  {
    work: "UNet 28x28, 32 channels, batch 16",
    shape: [16, 1, 28, 28],
    network: () => unet({ size: 28, channels: 32, multipliers: [1, 2] }),
    count: 6,
    most: 3,
  },
  {
    work: "two-moons MLP, batch 5,000",
    shape: [5000, 2],
    network: () => mlp({ inputs: 2, hidden: [210, 210, 210], time: { features: 64 } }),
    count: 60,
    most: 5,
  },
];

/** @type {import("../run.mjs").Suite} */
export const suite = {
  title: "Sampler overhead",
  seconds: (quick) => (quick ? 10 : 60),
  async run({ quick, progress }) {
    const backend = await onnxBackend({ device: "cpu", threads });
    const rows = [];
    for (const [i, each] of cases.entries()) {
      const what = `sampling step, ${each.work}`;
      const at = (/** @type {number} */ share) => progress((i + share) / cases.length, what);
      at(0);
      rows.push(await overhead(backend, each, quick, at));
    }
    await backend.close();
    return { rows, versions: [npmVersion("onnxruntime-node")] };
  },
};

/**
 * @param {any} backend
 * @param {(typeof cases)[number]} one
 * @param {boolean} quick
 * @param {(share: number) => void} onRound
 * @returns {Promise<Row>}
 */
async function overhead(backend, { work, shape, network: make, count, most }, quick, onRound) {
  const network = make();
  const ours = await samplingSteps(backend, network, shape);
  const bare = await bareLoop(network, shape);
  const blocks = await alternate(
    { ours: ours.steps, peer: bare.steps },
    { rounds: quick ? 4 : 20, count: quick ? Math.ceil(count / 3) : count, onRound },
  );
  await ours.stop();
  await bare.stop();
  const extra = 100 * (1 / timesAsFast(blocks.ours, blocks.peer) - 1);
  return {
    work: `a DDIM step beyond the model's own run: ${work}`,
    ours: spread(blocks.ours.flat()),
    peer: `bare onnxruntime-node session, inputs made once: ${spread(blocks.peer.flat())}`,
    ratio: `${extra >= 0 ? "+" : ""}${extra.toFixed(1)} %`,
    target: `<= ${most} %`,
    pass: extra <= most,
  };
}

/** The network alone, exported for this batch, its inputs made once. @param {Network} network @param {number[]} shape */
async function bareLoop(network, shape) {
  const session = await ort.InferenceSession.create(toOnnx(batchGraph(network, shape[0])), {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const size = shape.reduce((a, b) => a * b, 1);
  const x = Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * i) * 1.5);
  const inputs = {
    x: new ort.Tensor("float32", x, shape),
    t: new ort.Tensor("int64", new BigInt64Array(shape[0]).fill(500n), [shape[0]]),
  };
  return {
    steps: timed(() => session.run(inputs)),
    stop: () => session.release(),
  };
}
