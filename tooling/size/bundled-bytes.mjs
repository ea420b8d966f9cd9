// @ts-check
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/**
 * The size in bytes of a module after bundling for browsers, minifying and gzipping, including its
 * dynamic imports.
 * @param {string} contents
 */
export const bundledBytes = (contents) => bytesOf(contents, []);

/**
 * The same without dynamic imports. This is the first chunk that a page loads when the bundler
 * splits code.
 * @param {string} contents
 */
export const firstChunkBytes = (contents) => bytesOf(contents, [withoutDynamicImports]);

/** @type {import("esbuild").Plugin} */
const withoutDynamicImports = {
  name: "without-dynamic-imports",
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

/** @param {string} contents @param {import("esbuild").Plugin[]} plugins */
async function bytesOf(contents, plugins) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@gen/source"],
    plugins,
    write: false,
    logLevel: "silent",
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).byteLength;
}
