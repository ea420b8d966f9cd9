import { expect, it } from "vitest";
import { closesBrowser, inBrowser } from "./in-browser.ts";

closesBrowser();

for (const [name, files] of [
  ["onnx/wasm", "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"],
  ["tfjs/wasm", "@tensorflow/tfjs-backend-wasm/dist/*.wasm"],
] as const) {
  inBrowser(`${name} without its wasm file`, { isolated: false }, (page, engine) => {
    // WebKit tells no status.
    const status = engine === "webkit" ? "" : " (status 404)";
    it.each([
      ["this thread", false],
      ["a worker", true],
    ])("in %s names the URL, the command and the option", async (_, worker) => {
      const message = await page().run("withoutWasm", [name, worker]);
      expect(message).toMatch(
        /did not start.*; its wasm files are looked for at http:\S+\/nowhere\/\S+\.wasm/,
      );
      expect(message).toContain(
        `.wasm${status}: copy them there (cp node_modules/${files} dist/), or give`,
      );
      expect(message).toMatch(/ their folder's URL as wasmPaths$/);
      expect(message.length).toBeLessThanOrEqual(500);
    });
  });
}
