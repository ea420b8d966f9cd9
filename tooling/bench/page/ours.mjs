// A page's side of ours: what the claims ask of it by name.
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { ratesOn } from "../floor.mjs";
import { benchUnet, outputOn, samplingSteps, size, trainingSteps } from "../unet.mjs";
import { runtimeFiles } from "./first.mjs";

const backend = await onnxBackend({ device: "wasm", threads: 2, wasmPaths: runtimeFiles });
const network = benchUnet();

const running = {};

const bench = {
  isolated: () => crossOriginIsolated,
  rates: () => ratesOn(backend),
  output: async (batch) => [...(await outputOn(backend, network, batch))],
  async sample(batch, count) {
    running.sample ??= await samplingSteps(backend, network, [batch, 1, size, size]);
    return running.sample.steps(count);
  },
  async train(batch, count) {
    running.train ??= await trainingSteps(backend, batch);
    return running.train.steps(count);
  },
};
Object.assign(globalThis, { bench });
