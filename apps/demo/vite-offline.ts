import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { Plugin } from "vite";

/**
 * Files that are kept only after their first use, because they are large. The example's files are kept
 * by @gen/model-files.
 */
const kept = /\.(wasm|mjs|onnx|safetensors|bin|map)$|^example-model\//;

/**
 * Writes the service worker, with the list of the built files that it downloads during the first
 * visit. It is one classic script, because Firefox ESR starts no module as a service worker.
 */
export function offline(): Plugin {
  let root = "";
  return {
    name: "offline",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    async writeBundle({ dir = "" }, bundle) {
      const names = Object.keys(bundle).filter((name) => !kept.test(name) && name !== "sw.js");
      const files = await Promise.all(
        names.map(async (url) => {
          // The names of other files hold a hash of their content.
          if (url !== "index.html") return { url, revision: null };
          const content = await readFile(join(dir, url));
          return { url, revision: createHash("sha256").update(content).digest("hex") };
        }),
      );
      await build({
        entryPoints: [join(root, "src/service-worker/service-worker.ts")],
        outfile: join(dir, "sw.js"),
        bundle: true,
        minify: true,
        format: "iife",
        target: "es2022",
        define: {
          FILES: JSON.stringify(files),
          "process.env.NODE_ENV": '"production"',
        },
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
