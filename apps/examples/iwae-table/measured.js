import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { logLikelihood } from "@gen/vae";
import { binarized, mnist } from "./mnist.js";
import { trained } from "./train.js";

/** Trains the model of k draws and measures its bound; nothing when it was stopped. */
export async function measured({ k, epochs, file, images, samples, threads, signal }) {
  const backend = await onnxBackend({ threads });
  const { train, test } = await mnist();
  const { model, curve, aborted } = await trained({
    backend,
    images: train,
    k,
    epochs,
    file,
    signal,
  });
  if (aborted) return undefined;
  const began = process.cpuUsage();
  const { logLikelihood: bound, standardError } = await logLikelihood({
    backend,
    model,
    dataset: binarized(test, images),
    samples,
    batchSize: 2500,
    seed: 0,
    onProgress: (done, total) => {
      if (done % 200 === 0) console.log(`k ${k}: ${done} of ${total} test images`);
    },
  });
  await backend.close();
  const { user, system } = process.cpuUsage(began);
  console.log(`k ${k}: ${(-bound).toFixed(2)} nats`);
  const evaluation = (user + system) / 1e6;
  return { k, epochs, nll: -bound, standardError, evaluation, curve };
}
