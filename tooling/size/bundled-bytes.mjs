// @ts-check
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const ENTRY = resolve(import.meta.dirname, "entry.js");

/**
 * Bytes that a page downloads for a module: bundled by Vite with code splitting, minified, each
 * chunk gzipped. `first` counts the entry's chunk and all that it imports statically, which load
 * before the module runs; `lazy` counts what each dynamic import of the entry loads besides, by the
 * name of its file.
 * @param {string} contents
 */
export async function bundledBytes(contents) {
  const chunks = await bundle(contents);
  const entry = chunks.find((chunk) => chunk.isEntry);
  if (!entry) throw new Error("the bundle has no entry");
  /** @param {string} file @param {Set<string>} seen */
  const reach = (file, seen) => {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const next of chunkOf(file).imports) reach(next, seen);
    return seen;
  };
  /** @param {string} file */
  const chunkOf = (file) => {
    const chunk = chunks.find(({ fileName }) => fileName === file);
    if (!chunk) throw new Error(`the bundle has no ${file}`);
    return chunk;
  };
  /** @param {Iterable<string>} files */
  const sizeOf = (files) =>
    [...files].reduce((sum, file) => sum + gzipSync(chunkOf(file).code, { level: 9 }).length, 0);
  const first = reach(entry.fileName, new Set());
  /** Static and dynamic imports of what a dynamic import of the entry loads. @param {string} file */
  const lazilyLoaded = (file, seen = new Set(first)) => {
    reach(file, seen);
    for (const loaded of seen) {
      if (first.has(loaded)) continue;
      for (const next of chunkOf(loaded).dynamicImports) reach(next, seen);
    }
    return [...seen].filter((loaded) => !first.has(loaded));
  };
  const lazy = Object.fromEntries(
    entry.dynamicImports.map((file) => [chunkOf(file).name, sizeOf(lazilyLoaded(file))]),
  );
  return { first: sizeOf(first), lazy };
}

/** @param {string} contents */
async function bundle(contents) {
  const result = await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@gen/source"] },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? contents : undefined),
      },
    ],
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rollupOptions: { input: ENTRY, preserveEntrySignatures: "strict" },
    },
  });
  const [{ output }] = /** @type {import("vite").Rolldown.RolldownOutput[]} */ ([result].flat());
  return output.flatMap((file) => (file.type === "chunk" ? [file] : []));
}
