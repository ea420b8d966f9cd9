// @ts-check
// jax-js in a thread of its own: onnxruntime-web gives Node's main thread a `Worker`, from which jax-js takes it
// for a page whose memory is shared, and fails.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { jaxUnet } from "./jax-unet.mjs";

/**
 * {@link jaxUnet} in a thread.
 * @param {Readonly<Record<string, import("./unet.mjs").Weight>>} weights @param {number} size
 */
export function jaxThread(weights, size) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { weights, size } });
  worker.unref();
  const ask = (/** @type {string} */ what, /** @type {unknown[]} */ ...args) =>
    new Promise((/** @type {(answer: any) => void} */ resolve, reject) => {
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
    /** @type {(x: Float32Array, t: number[]) => Promise<Float32Array>} */
    output: (x, t) => ask("output", x, t),
    /** @returns {import("../alternate.mjs").Steps} */
    sampler: (/** @type {number} */ batch) => (count) => ask("sample", batch, count),
    stop: () => worker.terminate(),
  };
}

if (!isMainThread && workerData?.weights && parentPort) {
  const jax = jaxUnet(workerData.weights, workerData.size);
  /** @type {Map<number, (count: number) => Promise<number[]>>} */
  const samplers = new Map();
  /** @type {Record<string, (...args: any[]) => unknown>} */
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
