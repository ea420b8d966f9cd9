// @ts-check
import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ENTRY = "entry.js";

/**
 * Bytes that a page downloads for a module: bundled with code splitting, minified, each chunk
 * gzipped. `first` counts the entry's chunk and all that it imports statically, which load before
 * the module runs; `lazy` counts the chunks that only dynamic imports load.
 * @param {string} contents
 */
export async function bundledBytes(contents) {
  const { outputs, sizes } = await bundle(contents, []);
  const first = new Set(
    Object.keys(outputs).filter((path) => outputs[path]?.entryPoint?.endsWith(ENTRY)),
  );
  for (const chunk of first) {
    for (const { path, kind } of outputs[chunk]?.imports ?? []) {
      if (kind === "import-statement") first.add(path);
    }
  }
  const bytes = { first: 0, lazy: 0 };
  for (const { path, size } of sizes) bytes[first.has(path) ? "first" : "lazy"] += size;
  return bytes;
}

/**
 * Bytes of a module's own code: one chunk, without what it imports while it runs.
 * @param {string} contents
 */
export async function ownBytes(contents) {
  const { sizes } = await bundle(contents, [withoutDynamicImports]);
  return sizes.reduce((bytes, { size }) => bytes + size, 0);
}

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
async function bundle(contents, plugins) {
  const folder = import.meta.dirname;
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: folder, sourcefile: ENTRY },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@gen/source"],
    plugins,
    metafile: true,
    absWorkingDir: folder,
    outdir: folder,
    write: false,
    logLevel: "silent",
  });
  const sizes = outputFiles.map(({ path, contents }) => ({
    path: relative(folder, path),
    size: gzipSync(contents, { level: 9 }).byteLength,
  }));
  return { outputs: metafile.outputs, sizes };
}
