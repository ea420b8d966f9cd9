import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { tenSteps } from "./ten-steps.js";

const result = await tenSteps(tfjsBackend({ device: "wasm" }));
document.querySelector("output").textContent = JSON.stringify(result);
