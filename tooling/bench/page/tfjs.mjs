// A page's side of TensorFlow.js.
import { getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { tfjsUnet } from "../peers/tfjs-unet.mjs";
import { benchUnet, pictures, probe, size, weightsOf } from "../unet.mjs";

setThreadsCount(2);
const files = new URL("/tfjs/", location.href).href;
const tuned = location.search === "?tuned";
const tfjs = await tfjsUnet(weightsOf(benchUnet()), size, { files, tuned });

const running = {};

const bench = {
  name() {
    const threads = getThreadsCount();
    return `${tfjs.name}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  },
  output(batch) {
    const { x, t } = probe(batch);
    return [...tfjs.output(x, t)];
  },
  gradients: (batch) =>
    Object.entries(tfjs.gradientsOf(probe(batch))).map(([name, values]) => [name, [...values]]),
  sample(batch, count) {
    running.sample ??= tfjs.sampler(batch);
    return running.sample(count);
  },
  train(batch, count) {
    running.train ??= tfjs.trainer(
      Float32Array.from(pictures(), (v) => v / 127.5 - 1),
      batch,
    );
    return running.train(count);
  },
};
Object.assign(globalThis, { bench });
