import { writeFileSync } from "node:fs";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tenSteps } from "./ten-steps.js";

test("ten steps", async () => {
  const result = await tenSteps(onnxBackend());
  // Jest formats what a test prints to the console.
  writeFileSync(1, `\n${JSON.stringify(result)}\n`);
});
