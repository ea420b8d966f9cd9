// @ts-check
import { batches } from "@gen/data";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { elbo, mlpVae, trainVae } from "@gen/vae";
import { alternate, stepped, timesAsFast } from "../alternate.mjs";
import { npmVersion } from "../machine.mjs";
import { tfjsVae } from "../peers/tfjs-vae.mjs";
import { pyTorch, pyTorchName } from "../pytorch.mjs";
import { short, spread } from "../statistics.mjs";
import { folder, installData, wholeFashionMnist } from "../whole-fashion-mnist.mjs";

const batchSize = 128;
const elboTarget = -248.5;
const epochs = 5;
/** Steps in one run on WASM, where a run copies the whole state in and out. */
const chained = 10;

/** @typedef {import("../results.mjs").Row} Row */
/** @typedef {import("@gen/runtime-gpu").Backend} AnyBackend */

/** @type {import("../run.mjs").Suite} */
export const suite = {
  title: "VAE 784-400-20 on Fashion-MNIST",
  seconds: (quick) => (quick ? 15 : 90),
  async run({ quick, progress }) {
    const data = await wholeFashionMnist();
    const { peer, missing } = await pyTorch("vae.py", ["--threads", "2", "--folder", folder]);
    const without = data.whole ? `no PyTorch: ${missing}` : `needs ${installData}`;
    const train = data.train;
    const start = (/** @type {any} */ backend, stepsPerRun = 1) => {
      const run = { backend, dataset: train, steps: 1e6, logEvery: stepsPerRun, stepsPerRun };
      return stepped((hooks) => trainVae({ ...settings(), ...run, ...hooks }), stepsPerRun);
    };
    /** @type {Row[]} */
    const rows = [];

    const node = await onnxBackend({ device: "cpu", threads: 2 });
    {
      progress(0, "VAE step on onnxruntime-node beside PyTorch");
      const ours = await start(node);
      const blocks = await alternate(
        { ours: ours.steps, ...(peer && { peer: (count) => peer.steps(count) }) },
        {
          rounds: quick ? 3 : 15,
          count: quick ? 15 : 40,
          onRound: (share) => progress(0.3 * share, "VAE step on onnxruntime-node beside PyTorch"),
        },
      );
      await ours.stop();
      const ratio = peer && timesAsFast(blocks.ours, blocks.peer);
      rows.push({
        work: "training step, batch 128, Adam: onnxruntime-node, 2 threads",
        ours: spread(blocks.ours.flat()),
        peer: peer ? `${pyTorchName(peer.about)}: ${spread(blocks.peer.flat())}` : without,
        target: ">= 1.25x as fast",
        ...(ratio && { ratio: `${short(ratio)}x`, pass: ratio >= 1.25 }),
        ...(peer && peer.about.blas !== "OpenBLAS" && { note: "PyTorch without OpenBLAS is slow" }),
      });
    }

    {
      const wasm = await onnxBackend({ device: "wasm", threads: 2 });
      progress(0.3, "VAE step on onnxruntime-web beside tfjs");
      const ours = await start(wasm, chained);
      const single = await start(wasm);
      const source = batches(train, { batchSize, seed: 0, scale: "unit" });
      const tfjs = await tfjsVae(() => source.next().value.x, batchSize);
      const blocks = await alternate(
        { ours: ours.steps, single: single.steps, peer: tfjs.steps },
        {
          rounds: quick ? 2 : 6,
          count: quick ? 4 : 12,
          warmUp: 2,
          onRound: (share) =>
            progress(0.3 + 0.2 * share, "VAE step on onnxruntime-web beside tfjs"),
        },
      );
      await ours.stop();
      await single.stop();
      tfjs.stop();
      await wasm.close();
      const ratio = timesAsFast(blocks.ours, blocks.peer);
      rows.push({
        work: `training step, batch 128, Adam: onnxruntime-web WASM in Node, 2 threads, stepsPerRun ${chained}`,
        ours: spread(blocks.ours.flat()),
        peer: `${tfjs.name}, its own gradients and Adam: ${spread(blocks.peer.flat())}`,
        ratio: `${short(ratio)}x`,
        target: ">= 10x as fast",
        pass: ratio >= 10,
        note: `with stepsPerRun 1: ${spread(blocks.single.flat())}, ${short(timesAsFast(blocks.single, blocks.peer))}x`,
      });
    }

    rows.push(await quality(node, data, peer, { quick, progress, without }));
    await node.close();
    await peer?.stop();
    return {
      rows,
      versions: [npmVersion("onnxruntime-node"), npmVersion("onnxruntime-web")],
    };
  },
};

const epochsText = (/** @type {number} */ count) => (count === 1 ? "1 epoch" : `${count} epochs`);

const settings = () => ({
  model: mlpVae({ shape: [1, 28, 28], hidden: [400], latent: 20 }),
  batchSize,
  learningRate: 1e-3,
  seed: 0,
});

/**
 * @param {any} backend
 * @param {Awaited<ReturnType<typeof wholeFashionMnist>>} data
 * @param {import("../pytorch.mjs").Peer | undefined} peer
 * @param {import("../run.mjs").Run & { without: string }} run
 * @returns {Promise<Row>}
 */
async function quality(backend, data, peer, { quick, progress, without }) {
  const count = quick ? 1 : epochs;
  const what = `VAE test ELBO after ${epochsText(count)}`;
  const steps = count * Math.floor(data.train.length / batchSize);
  const { vae } = await trainVae({
    ...settings(),
    backend,
    dataset: data.train,
    steps,
    logEvery: 20,
    onStep: ({ step }) => progress(0.5 + (0.2 * step) / steps, what),
  });
  const { elbo: ours } = await elbo({ backend, model: vae, dataset: data.test, seed: 0 });
  const theirs = await peer?.ask({ do: "testElbo", epochs: count, seed: 0 }, (share) =>
    progress(0.7 + 0.3 * share, `${what}, PyTorch`),
  );
  return {
    work: `test ELBO after ${epochsText(count)} of ${data.train.length} images, nats`,
    ours: ours.toFixed(2),
    peer: theirs === undefined ? without : `PyTorch, its own random numbers: ${theirs.toFixed(2)}`,
    target: `>= ${elboTarget}`,
    ...(data.whole && !quick && { pass: ours >= elboTarget }),
    ...(!data.whole && { note: `only the embedded images; ${installData}` }),
  };
}
