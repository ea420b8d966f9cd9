// @ts-check
import { unet } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { denoiser, savePipeline } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { alternate, timesAsFast } from "../alternate.mjs";
import { batchGraph, benchUnet, gradientsOn, outputOn, requireSame } from "../bench-unet.mjs";
import { costOf, floorText, withBackward } from "../floor.mjs";
import { npmVersion } from "../machine.mjs";
import { openPages } from "../pages.mjs";
import { slowConvolution } from "../peers/jax-unet.mjs";
import { channelsLast } from "../peers/unet.mjs";
import { median, short, spread } from "../statistics.mjs";

const batch = 16;
const probed = 2;

/** @typedef {import("../results.mjs").Row} Row */
/** @typedef {import("../pages.mjs").Pages} Pages */
/** @typedef {import("../run.mjs").Run} Run */

const titles = {
  sample: `DDIM step of the UNet, batch ${batch}: onnxruntime-web WASM`,
  train: `training step of the UNet, batch ${batch}, Adam: onnxruntime-web WASM`,
  first: "first sample of an 8x8 UNet, DDIM with 10 steps, from the navigation's start",
};
const targets = { sample: ">= 2x as fast", train: ">= 3x as fast", first: "<= 1.1x the time" };

/** @type {import("../run.mjs").Suite} */
export const suite = {
  title: "In a page, headless Chromium",
  seconds: (quick) => (quick ? 45 : 130),
  async run({ quick, progress }) {
    progress(0, "starting Chromium");
    const opened = await openPages(smallPipeline());
    const versions = [npmVersion("onnxruntime-web"), npmVersion("@jax-js/jax")];
    if ("missing" in opened) return { rows: skipped(opened.missing), versions };
    const { pages } = opened;
    try {
      const rows = [
        ...(await unetRows(pages, { quick, progress })),
        await firstSample(pages, { quick, progress }),
      ];
      return { rows, versions: [pages.version, ...versions] };
    } finally {
      await pages.close();
    }
  },
};

/** @param {string} reason @returns {Row[]} */
const skipped = (reason) =>
  /** @type {(keyof typeof titles)[]} */ (Object.keys(titles)).map((each) => ({
    work: titles[each],
    ours: "skipped",
    peer: `no Chromium: ${reason}; set GEN_BROWSER to the path of one`,
    target: targets[each],
  }));

/** @param {Pages} pages @param {Run} run @returns {Promise<Row[]>} */
async function unetRows(pages, { quick, progress }) {
  progress(0.05, "checking that all pages compute the same");
  const network = benchUnet();
  const node = await onnxBackend({ device: "cpu", threads: 2 });
  const output = await outputOn(node, network, batch);
  const gradients = channelsLast(await gradientsOn(node, network, probed));
  await node.close();
  const names = ["ours", "tfjs", "tfjs?tuned", "jax"];
  const [ours, tfjs, tuned, jax] = await Promise.all(names.map(pages.open));
  for (const [i, page] of [ours, tfjs, tuned, jax].entries()) {
    requireSame(`the page ${names[i]}`, await page.ask("output", batch), output);
  }
  for (const page of [tfjs, tuned]) {
    for (const [name, values] of await page.ask("gradients", probed)) {
      requireSame(`tfjs's gradient of ${name}`, values, gradients[name].data, 1e-3);
    }
  }

  progress(0.2, titles.sample);
  const rates = await ours.ask("rates");
  const sampling = await alternate(
    {
      ours: (count) => ours.ask("sample", batch, count),
      tfjs: (count) => tfjs.ask("sample", batch, count),
      tuned: (count) => tuned.ask("sample", batch, count),
      jax: (count) => jax.ask("sample", batch, count),
    },
    {
      rounds: quick ? 2 : 5,
      count: quick ? 1 : 3,
      warmUp: 1,
      settle: quick ? 2 : 12,
      onRound: (share) => progress(0.2 + 0.3 * share, titles.sample),
    },
  );
  await jax.close();
  progress(0.5, titles.train);
  const training = await alternate(
    {
      ours: (count) => ours.ask("train", batch, count),
      tfjs: (count) => tfjs.ask("train", batch, count),
      tuned: (count) => tuned.ask("train", batch, count),
    },
    {
      rounds: quick ? 1 : 3,
      count: quick ? 1 : 2,
      warmUp: 1,
      onRound: (share) => progress(0.5 + 0.3 * share, titles.train),
    },
  );
  const threads = await tfjs.ask("threads");
  const tfjsName = `${await tfjs.ask("name")}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  await ours.close();
  await tfjs.close();
  await tuned.close();

  const cost = costOf(batchGraph(network, batch));
  const of =
    (/** @type {number[][]} */ blocks, /** @type {number} */ wanted) =>
    (/** @type {number[][]} */ peer) => {
      const ratio = timesAsFast(blocks, peer);
      return { ours: spread(blocks.flat()), ratio: `${short(ratio)}x`, pass: ratio >= wanted };
    };
  const sampled = of(sampling.ours, 2);
  const trained = of(training.ours, 3);
  return [
    {
      work: `${titles.sample}, 2 threads, beside tfjs`,
      peer: `${tfjsName}: ${spread(sampling.tfjs.flat())}`,
      target: targets.sample,
      ...sampled(sampling.tfjs),
      note: `tfjs takes half of the cores at most; ${tunedText(sampling)}; ${floorText(cost, rates, median(sampling.ours.flat()))}`,
    },
    {
      work: `${titles.sample}, 2 threads, beside jax-js`,
      peer: `jax-js wasm, by hand, one jit, all threads: ${spread(sampling.jax.flat())}`,
      target: targets.sample,
      ...sampled(sampling.jax),
      note: slowConvolution,
    },
    {
      work: `${titles.train}, 2 threads`,
      peer: `${tfjsName}, its own gradients: ${spread(training.tfjs.flat())}`,
      target: targets.train,
      ...trained(training.tfjs),
      note: `its wasm backend has no gradient of a convolution's kernel, and is given one made of a convolution; ${tunedText(training)}; ${floorText(withBackward(cost), rates, median(training.ours.flat()))}`,
    },
  ];
}

/** What tfjs reaches when convolutions and normalisations are written for its wasm backend. @param {Record<string, number[][]>} blocks */
const tunedText = ({ ours, tuned }) =>
  `tuned by hand tfjs takes ${spread(tuned.flat())}, ${short(timesAsFast(ours, tuned))}x`;

/** @param {Pages} pages @param {Run} run @returns {Promise<Row>} */
async function firstSample(pages, { quick, progress }) {
  const at = (/** @type {number} */ share) => progress(0.8 + 0.2 * share, titles.first);
  at(0);
  const [x] = [await pages.first("first-ours"), await pages.first("first-by-hand")].map(
    ({ x }, _, [hand]) => {
      requireSame("the first sample", x, hand.x);
      return x;
    },
  );
  if (x.length !== 64) throw new Error(`the first sample has ${x.length} numbers, not 64`);
  const load = (/** @type {string} */ name) => async (/** @type {number} */ count) => {
    const times = [];
    for (let i = 0; i < count; i++) times.push((await pages.first(name)).milliseconds);
    return times;
  };
  const blocks = await alternate(
    { ours: load("first-ours"), peer: load("first-by-hand") },
    { rounds: quick ? 3 : 12, count: 1, warmUp: 0, onRound: at },
  );
  const ratio = 1 / timesAsFast(blocks.ours, blocks.peer);
  return {
    work: titles.first,
    ours: spread(blocks.ours.flat()),
    peer: `the same by hand on onnxruntime-web: ${spread(blocks.peer.flat())}`,
    ratio: `${short(ratio)}x`,
    target: targets.first,
    pass: ratio <= 1.1,
    note: "fresh pages of one browser, files from its cache; ours through loadPipeline and sample",
  };
}

/** What a small model is saved as. */
function smallPipeline() {
  const network = unet({ size: 8, channels: 16, multipliers: [1, 2] });
  return savePipeline({
    denoiser: denoiser(network),
    shape: [1, 8, 8],
    scheduler: { schedule: linearSchedule(), clip: 1 },
  });
}
