// @ts-check
// A page's side of ours: what suites/browser.mjs asks of it by name.
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { benchUnet, outputOn, samplingSteps, size, trainingSteps } from "../bench-unet.mjs";
import { ratesOn } from "../floor.mjs";
import { runtimeFiles } from "./runtime-files.mjs";

const backend = await onnxBackend({ device: "wasm", threads: 2, wasmPaths: runtimeFiles });
const network = benchUnet();
/** @type {Record<string, Awaited<ReturnType<typeof samplingSteps>>>} */
const running = {};

const bench = {
  isolated: () => crossOriginIsolated,
  rates: () => ratesOn(backend),
  output: async (/** @type {number} */ batch) => [...(await outputOn(backend, network, batch))],
  async sample(/** @type {number} */ batch, /** @type {number} */ count) {
    running.sample ??= await samplingSteps(backend, network, [batch, 1, size, size]);
    return running.sample.steps(count);
  },
  async train(/** @type {number} */ batch, /** @type {number} */ count) {
    running.train ??= await trainingSteps(backend, batch);
    return running.train.steps(count);
  },
};
Object.assign(globalThis, { bench });
