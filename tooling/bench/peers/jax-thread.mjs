// jax-js in a thread of its own: onnxruntime-web gives Node's main thread a `Worker`, from which jax-js takes it
// for a page whose memory is shared, and fails.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { jaxUnet } from "./jax-unet.mjs";

// {@link jaxUnet} in a thread.
export function jaxThread(weights, size) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { weights, size } });
  worker.unref();
  const ask = (what, ...args) =>
    new Promise((resolve, reject) => {
      worker.ref();
      worker.once("error", reject);
      worker.once("message", (answer) => {
        worker.off("error", reject);
        worker.unref();
        resolve(answer);
      });
      worker.postMessage({ what, args });
    });
  return {
    output: (x, t) => ask("output", x, t),

    sampler: (batch) => (count) => ask("sample", batch, count),
    stop: () => worker.terminate(),
  };
}

if (!isMainThread && workerData?.weights && parentPort) {
  const jax = jaxUnet(workerData.weights, workerData.size);

  const samplers = new Map();

  const commands = {
    output: jax.output,
    sample(batch, count) {
      const steps = samplers.get(batch) ?? jax.sampler(batch);
      samplers.set(batch, steps);
      return steps(count);
    },
  };
  const port = parentPort;
  port.on("message", async ({ what, args }) => port.postMessage(await commands[what](...args)));
}
