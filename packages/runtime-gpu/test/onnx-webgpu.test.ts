import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { errorCode } from "@gen/math";
import { describe, it } from "vitest";
import { onnxBackend } from "../src/onnx.ts";
import { conforms } from "./run-conformance.ts";

// Chromium's software adapter, where the machine names no driver of its own.
const software = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (existsSync(software)) {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? software;
  process.env.VK_DRIVER_FILES ??= named;
  process.env.VK_ICD_FILENAMES ??= named;
}
process.env.XDG_RUNTIME_DIR ??= tmpdir();

/** Opens it, or gives undefined where ONNX Runtime finds no adapter at all. */
async function first() {
  try {
    return await onnxBackend({ provider: "webgpu" });
  } catch (error) {
    const unavailable = errorCode(error) === "backend-unavailable";
    if (unavailable && (error as Error).message.includes("No supported adapters ;")) return;
    throw error;
  }
}

let opened = await first();
if (opened) {
  const next = async () => {
    const backend = opened ?? (await onnxBackend({ provider: "webgpu" }));
    opened = undefined;
    return backend;
  };
  conforms("onnx/node-webgpu", next, { tolerance: 1e-4, without: ["float16"] });
} else {
  describe.skip("onnx/node-webgpu", () => it("needs a Vulkan driver and loader", () => {}));
}
