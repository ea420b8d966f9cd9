// @ts-check
// A page's side of TensorFlow.js.
import { getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { benchUnet, pictures, probe, size, weightsOf } from "../bench-unet.mjs";
import { tfjsUnet } from "../peers/tfjs-unet.mjs";

setThreadsCount(2);
const files = new URL("/tfjs/", location.href).href;
const tuned = location.search === "?tuned";
const tfjs = await tfjsUnet(weightsOf(benchUnet()), size, { files, tuned });
/** @type {Record<string, import("../alternate.mjs").Steps>} */
const running = {};

const bench = {
  name: () => tfjs.name,
  threads: () => getThreadsCount(),
  output(/** @type {number} */ batch) {
    const { x, t } = probe(batch);
    return [...tfjs.output(x, t)];
  },
  gradients: (/** @type {number} */ batch) =>
    Object.entries(tfjs.gradientsOf(probe(batch))).map(([name, values]) => [name, [...values]]),
  sample(/** @type {number} */ batch, /** @type {number} */ count) {
    running.sample ??= tfjs.sampler(batch);
    return running.sample(count);
  },
  train(/** @type {number} */ batch, /** @type {number} */ count) {
    running.train ??= tfjs.trainer(
      Float32Array.from(pictures(), (v) => v / 127.5 - 1),
      batch,
    );
    return running.train(count);
  },
};
Object.assign(globalThis, { bench });
