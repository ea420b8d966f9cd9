import { generate } from "@gen/ddpm";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { plot } from "./plot.js";
import { trainMoons } from "./train-moons.js";

// The library runs in a worker, so the page stays responsive.
const backend = await onnxBackend({ provider: "wasm", worker: true });
const pipeline = await trainMoons(backend);
const { x } = await generate(pipeline, { backend, count: 1000, sampler: "ddim", steps: 20 });
plot(document.querySelector("canvas"), x);
document.querySelector("output").textContent = `${backend.name}: ${x.length / 2} points`;
