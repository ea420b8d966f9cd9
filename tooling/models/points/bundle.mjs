import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const demo = new URL("../../../apps/demo/", import.meta.url);

/** The folder of the demo's rooms. */
export const pages = new URL("src/pages/", demo);

/** Imports what `contents` exports, as a file in the demo's pages would: its packages are the demo's. */
export async function fromDemo(name, contents) {
  const outfile = fileURLToPath(new URL(`node_modules/.cache/points/${name}.mjs`, demo));
  mkdirSync(new URL(".", `file://${outfile}`), { recursive: true });
  await build({
    stdin: { contents, resolveDir: fileURLToPath(pages) },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@gen/source"],
    external: ["onnxruntime-*", "@tensorflow/*"],
  });
  return import(outfile);
}
