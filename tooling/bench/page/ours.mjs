// The page of our side.
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { benchUnet, outputOn, samplingSteps, size, trainingSteps } from "../unet.mjs";
import { expose } from "./expose.mjs";
import { runtimeFiles } from "./first.mjs";

const backend = await onnxBackend({ provider: "wasm", threads: 2, wasmPaths: runtimeFiles });
const network = benchUnet();
const side = {
  output: (_, t) => outputOn(backend, network, t.length),
  sampler: async (n) => (await samplingSteps(backend, network, [n, 1, size, size])).steps,
  trainer: async (n) => (await trainingSteps(backend, n)).steps,
};
expose(side);
