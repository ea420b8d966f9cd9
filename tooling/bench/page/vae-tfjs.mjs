// The page of TensorFlow.js's VAE.
import { getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { tfjsVae } from "../peers/tfjs-vae.mjs";
import { batch, pixels } from "../vae-pixels.mjs";
import { exposeTrainers } from "./expose.mjs";

setThreadsCount(2);
const files = new URL("/tfjs/", location.href).href;
const all = Float32Array.from(pixels(), (v) => v / 255);
const batchOf = (k) => {
  const start = (k * batch * 784) % all.length;
  return all.subarray(start, start + batch * 784);
};
const made = {};
for (const way of ["own", "byHand"]) {
  made[way] = await tfjsVae(batchOf, { batch, files, byHand: way === "byHand" });
}
exposeTrainers((way) => made[way].steps, {
  name: () => `${made.own.name}, ${getThreadsCount()} thread${getThreadsCount() === 1 ? "" : "s"}`,
  gradients: (way) => made[way].gradients(),
});
