import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { imageHashes } from "../image-hashes.js";
import { tenSteps } from "../ten-steps.js";

export const dynamic = "force-dynamic";

export const GET = async () =>
  Response.json({ ...(await tenSteps(onnxBackend())), images: await imageHashes() });
