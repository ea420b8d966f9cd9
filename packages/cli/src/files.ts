import { randomUUID } from "node:crypto";
import { access, constants, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "./errors.ts";

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const temporary = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);

/**
 * Makes sure before any work that `path` can be written: its folder exists or is made, and nothing is in the way.
 * @throws UsageError when something is there and `force` is not given, or the folder cannot be written.
 */
export async function claimOutput(path: string, force: boolean): Promise<void> {
  if (!force && (await exists(path))) {
    throw new UsageError(
      `--out ${path} exists already; choose another path or pass --force to replace it`,
    );
  }
  await writableFolder(dirname(resolve(path)));
}

/** Makes `folder` where it is missing. @throws UsageError when it cannot be written. */
export async function writableFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    // Root may pass the access check on a file system that refuses every write.
    const probe = temporary(join(folder, "probe"));
    await writeFile(probe, "");
    await rm(probe);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `--out: the folder ${folder} cannot be written (${code ?? message}); choose another`,
    );
  }
}

/** Writes a file under a temporary name and renames it, so that no half-written file is ever seen. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = temporary(path);
  try {
    await writeFile(part, bytes);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Writes a folder of files under a temporary name and puts it in the place of `folder`. */
export async function writeFolder(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  const part = temporary(resolve(folder));
  const old = temporary(resolve(folder));
  try {
    for (const [path, bytes] of Object.entries(files)) await writeWhole(join(part, path), bytes);
    if (await exists(folder)) await rename(folder, old);
    await rename(part, folder);
  } finally {
    await rm(part, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** Reads a file of at most `limit` bytes, or gives undefined where there is none. */
export async function readBounded(path: string, limit: number): Promise<Uint8Array | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile()) throw new UsageError(`${path} is not a file`);
  if (found.size > limit)
    throw new UsageError(`${path} has ${found.size} bytes; at most ${limit} are allowed`);
  return readFile(path);
}
