import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tenSteps } from "./ten-steps.js";

console.log(JSON.stringify(await tenSteps(onnxBackend())));
