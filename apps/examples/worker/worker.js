// Takes { count } or "stop". Answers with { progress }, then { points, ended } or { ended }.
import { generate } from "@gen/ddpm";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { trainMoons } from "./train-moons.js";

const backend = onnxBackend({ provider: "wasm" });
let controller = new AbortController();

addEventListener("message", async ({ data }) => {
  controller.abort(); // what runs already
  if (data === "stop") return;
  controller = new AbortController();
  const { signal } = controller;
  const steps = 400;
  const onStep = ({ step }) => postMessage({ progress: (step + 1) / steps });
  try {
    const pipeline = await trainMoons(await backend, { steps, signal, onStep });
    const options = { count: data.count, sampler: "ddim", steps: 20, signal };
    const { x } = await generate(pipeline, { backend, ...options });
    postMessage({ points: x, ended: `${x.length / 2} points` });
  } catch (error) {
    postMessage({ ended: signal.aborted ? "stopped" : error.message });
  }
});
