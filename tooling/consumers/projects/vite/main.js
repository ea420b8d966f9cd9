import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tenSteps } from "./ten-steps.js";

const result = await tenSteps(onnxBackend({ provider: "wasm" }));
document.querySelector("output").textContent = JSON.stringify(result);
