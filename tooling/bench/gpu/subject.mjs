// What is measured of one backend, in a page or in Node: the conformance suite, and the UNet's DDIM
// step and training step beside a bare session of ONNX Runtime on the same device.
import { unet } from "@gen/nn";
import { alternate, timeSteps } from "../measure.mjs";
import { batchGraph, benchUnet, samplingSteps, size, trainingSteps } from "../unet.mjs";

/** The work of a run. A software adapter, which takes a second for an image, gets a small one. */
const workOf = (small) =>
  small
    ? {
        network: unet({ size, channels: 8, multipliers: [1] }),
        ...{ batch: 1, trained: 2, rounds: 1, count: 1 },
      }
    : { network: benchUnet(), batch: 16, trained: 64, rounds: 6, count: 10 };

/** The longest block of steps, in milliseconds. */
const BLOCK = 1500;

/** Times `count` steps as a whole: the device computes while the next steps are handed to it. */
const timeTogether = (steps, idle) => async (count) => {
  const start = performance.now();
  await steps(count);
  await idle();
  return new Array(count).fill((performance.now() - start) / count);
};

/**
 * The measurements of one backend by name.
 *
 * - `open()` opens the backend, `bare(graph)` a bare session of the same device.
 * - `idle()` waits until the device has computed everything.
 * - `traffic()` gives the bytes that are alive on the device, and the dispatches so far if it knows.
 * - `cases` is the conformance suite, `limits` what it may expect, `skip` names cases to leave out.
 */
export function subject({ open, bare, idle = async () => {}, traffic, cases, limits, skip }) {
  async function compare(backend, ours, graph, { rounds, count }) {
    const session = await bare(graph);
    const sides = {
      ours: timeTogether(ours.steps, idle),
      bare: timeTogether(timeSteps(session.run), idle),
    };
    for (const steps of Object.values(sides)) await steps(1);
    const [milliseconds] = await sides.bare(1);
    const repeats = Math.max(1, Math.min(count, Math.floor(BLOCK / milliseconds)));
    const blocks = await alternate(sides, { rounds, count: repeats, warmUp: 1, settle: 0 });
    const counts = traffic && (await countTraffic(sides, traffic, repeats));
    await ours.stop();
    await session.close();
    await backend.close();
    return { blocks, ...counts };
  }

  return {
    async conformance({ small }) {
      let backend;
      const failures = [];
      let passed = 0;
      for (const { name, needs = [], run } of cases) {
        if (needs.some((dtype) => limits.without.includes(dtype))) continue;
        if (small && skip?.test(name)) continue;
        backend ??= await open();
        try {
          await run(backend, limits);
          passed++;
        } catch (error) {
          failures.push(`${name}: ${error.message}`);
          await backend.close();
          backend = undefined;
        }
      }
      await backend?.close();
      return { passed, failures };
    },

    async step({ small }) {
      const { network, batch, ...repeats } = workOf(small);
      const backend = await open();
      const ours = await samplingSteps(backend, network, [batch, 1, size, size]);
      return { batch, ...(await compare(backend, ours, batchGraph(network, batch), repeats)) };
    },

    async training({ small }) {
      const { network, trained, ...repeats } = workOf(small);
      const backend = await open();
      const graphs = [];
      const watched = {
        ...backend,
        compile(graph, options) {
          graphs.push(graph);
          return backend.compile(graph, options);
        },
      };
      const ours = await trainingSteps(watched, trained, network);
      const [graph] = graphs.sort((a, b) => b.nodes.length - a.nodes.length);
      return { batch: trained, ...(await compare(backend, ours, graph, repeats)) };
    },
  };
}

/** Dispatches of one step of each side, the bytes on the device, and how much they grow. */
async function countTraffic(sides, traffic, count) {
  const dispatches = {};
  const { bytes } = await traffic();
  for (const [name, steps] of Object.entries(sides)) {
    const before = (await traffic()).dispatches;
    await steps(count);
    dispatches[name] = ((await traffic()).dispatches - before) / count;
  }
  return { dispatches, bytes, grown: (await traffic()).bytes - bytes };
}
