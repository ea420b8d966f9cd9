// jax-js in a thread of its own: onnxruntime-web gives Node's main thread a `Worker`, from which jax-js takes it
// for a page whose memory is shared, and fails.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { jaxUnet } from "./jax-unet.mjs";

/** {@link jaxUnet} in a thread. */
export function jaxThread(weights, size) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { weights, size } });
  const ask = (...request) =>
    new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", resolve);
      worker.postMessage(request);
    });
  return {
    output: (x, t) => ask("output", x, t),
    sampler: (batch) => (count) => ask("sample", batch, count),
    stop: () => worker.terminate(),
  };
}

if (!isMainThread && workerData?.weights) {
  const jax = jaxUnet(workerData.weights, workerData.size);
  let steps;
  const sample = (batch, count) => {
    steps ??= jax.sampler(batch);
    return steps(count);
  };
  const commands = { output: jax.output, sample };
  parentPort.on("message", async ([what, ...args]) =>
    parentPort.postMessage(await commands[what](...args)),
  );
}
