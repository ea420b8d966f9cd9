import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import url from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { tenSteps } from "./ten-steps.js";

// TensorFlow.js wants a URL for each of its files, also for those that it does not load.
const kinds = ["", "-simd", "-threaded-simd"];
const wasmPaths = Object.fromEntries(kinds.map((kind) => [`tfjs-backend-wasm${kind}.wasm`, url]));
const result = await tenSteps(tfjsBackend({ device: "wasm", wasmPaths }));
document.querySelector("output").textContent = JSON.stringify(result);
