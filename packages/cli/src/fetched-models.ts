/*
 * The models that workers of `gen jobs` fetched: a folder for each, under the SHA-256 of its list of
 * files. A worker that is killed while it fetches leaves a hidden folder.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { modelFiles } from "@gen/model-files";

/** A model's folder. */
export interface FetchedModel {
  /** Absent for a part of one. */
  readonly sha256?: string;
  readonly bytes: number;
  /** When a worker opened it last. */
  readonly lastUsed: Date;
}

/** The folder of all, beside that of downloads. */
export function fetchedFolder(): string {
  const { location = "." } = modelFiles();
  return join(dirname(location), "jobs");
}

/** All models, the last used first, each with what removes it. */
export async function fetchedModels(): Promise<(FetchedModel & { remove(): Promise<void> })[]> {
  const root = fetchedFolder();
  const names = await readdir(root).catch(() => []);
  const found = names
    .filter((name) => /^([0-9a-f]{64}|\..+\.tmp)$/.test(name))
    .map(async (name) => {
      const folder = join(root, name);
      return {
        ...(name.startsWith(".") ? {} : { sha256: name }),
        bytes: await bytesIn(folder),
        lastUsed: (await stat(folder)).mtime,
        remove: () => rm(folder, { recursive: true, force: true }),
      };
    });
  return (await Promise.all(found)).sort((a, b) => +b.lastUsed - +a.lastUsed);
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
  return sum;
}
