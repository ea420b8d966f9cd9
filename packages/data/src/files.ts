import { ArgumentError } from "@gen/math/arguments";
import { dataError, limitError } from "./data-error.ts";

/** The Node modules for paths. They are loaded at run time, so that no bundler looks for them. */
interface Modules {
  "node:fs/promises": typeof import("node:fs/promises");
  "node:path": typeof import("node:path");
}

/** @throws RangeError outside Node. */
export function nodeModule<K extends keyof Modules>(name: K): Modules[K] {
  const module = globalThis.process?.getBuiltinModule?.(name);
  if (module === undefined) {
    throw new ArgumentError(`paths need Node 20.19 or newer (${name}); elsewhere, read from bytes`);
  }
  return module as Modules[K];
}

/**
 * The bytes of an ordinary file of at most `limit` bytes.
 *
 * @throws GenError `invalid-data` when the file is missing, unreadable, not ordinary, or larger.
 */
export async function readBounded(path: string, limit: number): Promise<Uint8Array> {
  const { constants, open } = nodeModule("node:fs/promises");
  const failed = (error: NodeJS.ErrnoException) => {
    throw dataError(path, error.code === "ENOENT" ? "no such file" : `unreadable (${error.code})`);
  };
  // Non-blocking, so that opening a pipe does not wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(failed);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw dataError(path, "must be an ordinary file");
    const { size } = stat;
    if (size > limit) throw limitError(path, `takes ${size} bytes`, limit);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
