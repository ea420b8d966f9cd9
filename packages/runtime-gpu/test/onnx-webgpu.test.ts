import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, it } from "vitest";
import { onnxBackend } from "../src/onnx.ts";
import { conforms } from "./run-conformance.ts";

// Chromium's software adapter, where the machine names no driver of its own.
const software = "/usr/lib/chromium/vk_swiftshader_icd.json";
const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;

if (named || existsSync(software)) {
  process.env.VK_DRIVER_FILES ??= software;
  process.env.VK_ICD_FILENAMES ??= software;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  conforms("onnx/node-webgpu", () => onnxBackend({ device: "webgpu" }), {
    tolerance: 1e-4,
    without: ["float16"],
  });
} else {
  describe.skip("onnx/node-webgpu", () => it("needs a Vulkan driver", () => {}));
}
