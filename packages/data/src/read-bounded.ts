import { dataError } from "./data-error.ts";
import { nodeModule } from "./node-module.ts";

/**
 * The bytes of an ordinary file, if there are at most `limit`.
 *
 * @throws GenError `invalid-data` when the file is missing, unreadable, no ordinary file, or larger.
 */
export async function readBounded(path: string, limit: number): Promise<Uint8Array> {
  const { open } = nodeModule("node:fs/promises");
  const failed = (error: NodeJS.ErrnoException) => {
    throw dataError(path, error.code === "ENOENT" ? "no such file" : `unreadable (${error.code})`);
  };
  // Non-blocking, so that opening a pipe does not wait for its writer.
  const { constants } = nodeModule("node:fs/promises");
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(failed);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw dataError(path, "must be an ordinary file");
    if (stat.size > limit) {
      throw dataError(path, `takes ${stat.size} bytes, the limit is ${limit}`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}
