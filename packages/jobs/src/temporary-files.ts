import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** A new name in a folder. Its dot keeps it out of lists; a worker that is killed leaves it behind. */
export const temporaryPath = (folder: string): string =>
  join(folder, `.${process.pid}-${randomBytes(6).toString("hex")}.tmp`);

/** Writes a file that is not there yet, and flushes it to the disk. */
export async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
