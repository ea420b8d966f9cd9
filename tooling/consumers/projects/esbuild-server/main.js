import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { imageHashes } from "./image-hashes.js";
import { tenSteps } from "./ten-steps.js";

const result = { ...(await tenSteps(onnxBackend())), images: await imageHashes() };
console.log(JSON.stringify(result));
