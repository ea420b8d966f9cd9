import { writeFileSync } from "node:fs";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { imageHashes } from "./image-hashes.js";
import { tenSteps } from "./ten-steps.js";

test("ten steps", async () => {
  // Jest gives each test file a Float32Array of its own, which onnxruntime-node refuses in this
  // thread. A worker is outside of Jest.
  const steps = await tenSteps(onnxBackend({ worker: true }));
  const result = { ...steps, images: await imageHashes() };
  // Jest formats what a test prints to the console.
  writeFileSync(1, `\n${JSON.stringify(result)}\n`);
}, 60_000);
