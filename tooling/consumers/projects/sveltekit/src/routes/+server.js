import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { json } from "@sveltejs/kit";
import { tenSteps } from "../../ten-steps.js";

export const GET = async () => json(await tenSteps(onnxBackend()));
