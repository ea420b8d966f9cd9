import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { app } from "electron";
import { tenSteps } from "./ten-steps.js";

console.log(JSON.stringify(await tenSteps(onnxBackend())));
app.quit();
