// The page of our VAE.
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { pixels } from "../vae-pixels.mjs";
import { vaeSteps } from "../vae-steps.mjs";
import { exposeTrainers } from "./expose.mjs";
import { runtimeFiles } from "./first.mjs";

const backend = await onnxBackend({ provider: "wasm", threads: 2, wasmPaths: runtimeFiles });
const dataset = {
  name: "noise",
  shape: [1, 28, 28],
  length: 1024,
  data: pixels(),
  range: [0, 255],
};
exposeTrainers(async (stepsPerRun) => (await vaeSteps(backend, dataset, stepsPerRun)).steps);
