import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

export interface WorkerFiles {
  /** The service worker's source. It calls `keepSite`. */
  readonly entry: string;
  /** The folder of the built site. The worker becomes its `sw.js`. */
  readonly folder: string;
  /** The files that the worker downloads during the first visit, relative to the folder. */
  readonly files: readonly string[];
  /** Whether a file's name holds a hash of its content. */
  isHashed(file: string): boolean;
}

/**
 * Writes a site's service worker with the list of its files. It is one classic script, because Firefox
 * ESR starts no module as a service worker.
 */
export async function writeWorker({ entry, folder, files, isHashed }: WorkerFiles): Promise<void> {
  const list = await Promise.all(
    files.map(async (url) => {
      if (isHashed(url)) return { url, revision: null };
      const content = await readFile(join(folder, url));
      return { url, revision: createHash("sha256").update(content).digest("hex") };
    }),
  );
  await build({
    entryPoints: [entry],
    outfile: join(folder, "sw.js"),
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    define: {
      FILES: JSON.stringify(list),
      "process.env.NODE_ENV": '"production"',
    },
  });
}
