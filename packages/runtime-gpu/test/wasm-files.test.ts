import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorCode } from "@gen/math";
import { expect, test } from "vitest";
import { onnxBackend } from "../src/onnx.ts";
import { tfjsBackend } from "../src/tfjs.ts";

const nowhere = "/nowhere/of/wasm/";

test.each([
  ["tfjs/wasm", () => tfjsBackend({ device: "wasm", wasmPaths: nowhere })],
  ["onnx/wasm", () => onnxBackend({ provider: "wasm", wasmPaths: nowhere })],
  ["onnx/wasm", () => onnxBackend({ provider: "wasm", wasmPaths: { mjs: `${nowhere}a.mjs` } })],
])("%s says where it looks for its files, and which option says so", async (name, open) => {
  const error = await open().catch((error) => error);
  expect(errorCode(error)).toBe("backend-unavailable");
  expect(error.message).toMatch(new RegExp(`^${name} did not start`));
  expect(error.message).toMatch(
    /its wasm files are looked for at \/nowhere\/of\/wasm\/\S*: give their folder's URL as wasmPaths$/,
  );
  expect(error.message.length).toBeLessThanOrEqual(500);
});

const name = "tfjs-backend-wasm-simd.wasm";

test.each([
  ["folder", "/"],
  ["file", `/${name}`],
])("tfjs/wasm prints nothing about a missing file, and then takes the right %s", (_, end) => {
  const script = `
    import { createRequire } from "node:module";
    import { dirname } from "node:path";
    import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
    const open = (wasmPaths) => tfjsBackend({ device: "wasm", wasmPaths });
    const { code } = await open("${nowhere}").catch((error) => error);
    const { resolve } = createRequire(import.meta.url);
    const folder = dirname(resolve("@tensorflow/tfjs-backend-wasm/wasm-out/${name}"));
    const backend = await open(folder + "${end}");
    console.log(code, backend.name);
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
  });
  expect([stdout.trim(), stderr]).toEqual(["backend-unavailable tfjs/wasm", ""]);
});

test("tfjs/wasm that has started elsewhere refuses new wasmPaths by its own error", async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "gen-wasm-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), "not WebAssembly");
  await expect(tfjsBackend({ device: "wasm", wasmPaths: `${folder}/` })).rejects.toThrow(
    "tfjs/wasm did not start",
  );
  const error = await tfjsBackend({ device: "wasm", wasmPaths: "/other/" }).catch((error) => error);
  expect(errorCode(error)).toBe("backend-unavailable");
  expect(error.message).toContain("takes no other wasmPaths: leave them out");
});
