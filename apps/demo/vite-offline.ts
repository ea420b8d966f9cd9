import { join } from "node:path";
import type { Plugin } from "vite";
import { writeWorker } from "../../tooling/offline/write-worker.ts";

/**
 * Files that are kept only after their first use, because they are large. The example's files are kept
 * by @gen/model-files.
 */
const kept = /\.(wasm|mjs|onnx|safetensors|bin|map)$|^example-model\//;

/** Writes the service worker, with the list of the built files of the first visit. */
export function offline(): Plugin {
  let root = "";
  return {
    name: "offline",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    async writeBundle({ dir = "" }, bundle) {
      await writeWorker({
        entry: join(root, "src/service-worker/service-worker.ts"),
        folder: dir,
        files: Object.keys(bundle).filter((name) => !kept.test(name) && name !== "sw.js"),
        isHashed: (name) => name !== "index.html",
      });
    },
  };
}

/** The policy of the built page. An address that a reader types is the only other origin. */
const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "worker-src 'self' blob:",
  "connect-src 'self' data: blob: https: http://localhost:* http://127.0.0.1:*",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Adds the content security policy to the built page. Vite's development server needs a wider one. */
export const contentPolicy = (): Plugin => ({
  name: "content-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: policy },
      injectTo: "head-prepend",
    },
  ],
});
