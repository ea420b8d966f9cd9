import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { pipelineSampler } from "@gen/sampling";
import { trainMoons } from "./train-moons.js";

/** Opens a model. With a model of your own, `loadPipeline` takes the place of the training. */
export async function openModel() {
  // The library runs in a worker, so the page stays responsive.
  const backend = await onnxBackend({ provider: "wasm", worker: true });
  const sampler = pipelineSampler(await trainMoons(backend), { backend });
  return {
    generate: (options) => sampler.generate(options),
    async close() {
      await sampler.dispose();
      await backend.close();
    },
  };
}
