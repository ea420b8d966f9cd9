// @ts-check
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/**
 * Bytes of a module after bundling for browsers, minifying and gzipping.
 * @param {string} contents
 */
export async function bundledBytes(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@gen/source"],
    write: false,
    logLevel: "silent",
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).byteLength;
}
