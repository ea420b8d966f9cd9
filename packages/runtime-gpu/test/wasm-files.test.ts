import { errorCode } from "@gen/math";
import { expect, test } from "vitest";
import { onnxBackend } from "../src/onnx.ts";
import { tfjsBackend } from "../src/tfjs.ts";

const nowhere = "/nowhere/of/wasm/";

test.each([
  ["tfjs/wasm", () => tfjsBackend({ device: "wasm", wasmPaths: nowhere })],
  ["onnx/wasm", () => onnxBackend({ device: "wasm", wasmPaths: nowhere })],
  ["onnx/wasm", () => onnxBackend({ device: "wasm", wasmPaths: { mjs: `${nowhere}a.mjs` } })],
])("%s says where it looks for its files, and which option says so", async (name, open) => {
  const error = await open().catch((error) => error);
  expect(errorCode(error)).toBe("backend-unavailable");
  expect(error.message).toMatch(new RegExp(`^${name} did not start`));
  expect(error.message).toMatch(
    /its wasm files are looked for at \/nowhere\/of\/wasm\/\S*: give their folder's URL as wasmPaths$/,
  );
  expect(error.message.length).toBeLessThanOrEqual(500);
});

test("tfjs/wasm that has started elsewhere refuses new wasmPaths by its own error", async () => {
  const error = await tfjsBackend({ device: "wasm", wasmPaths: "/other/" }).catch((error) => error);
  expect(errorCode(error)).toBe("backend-unavailable");
  expect(error.message).toContain("takes no other wasmPaths: leave them out");
});
