import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { pipelineSampler } from "@gen/sampling";
import { trainMoons } from "./train-moons.js";

let opening;

/** The model of this server, opened by the first request. */
export function model() {
  opening ??= open().catch((error) => {
    opening = undefined; // The next request tries again.
    throw error;
  });
  return opening;
}

async function open() {
  const backend = await onnxBackend();
  return pipelineSampler(await trainMoons(backend), { backend });
}
