/*
 * Files that are written completely or not at all. Each file is written under a temporary name in
 * its folder, flushed to the disk and renamed. No write follows a link.
 *
 *   const staged = await stageFiles(folder, files); // needs the room, changes nothing
 *   await staged.commit(path); // renames one file into place
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { constants, lstat, mkdir, open, realpath, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join, parse, resolve, sep } from "node:path";
import { usageError } from "./errors.ts";

/** Files of a folder by their paths in it. */
export type Files = Readonly<Record<string, Uint8Array | string>>;

const unfinished = new Set<string>();
let registered = false;

/** A path for a temporary file or folder. The process removes it when it exits. */
export function temporaryPath(folder: string): string {
  if (!registered) process.once("exit", removeUnfinished);
  registered = true;
  const path = join(folder, `.gen-${process.pid}-${randomBytes(6).toString("hex")}.tmp`);
  unfinished.add(path);
  return path;
}

function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The process exits with its own code; the next run removes the file.
    }
  }
}

export async function removeTemporary(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  unfinished.delete(path);
}

/**
 * Checks that no part of a path is a link. Links in the root folder belong to the system, such as
 * `/tmp` on macOS.
 * @throws GenError `usage` naming the link and the path behind it.
 */
export async function refuseLinks(path: string, flag = "--out"): Promise<void> {
  const full = resolve(path);
  const { root } = parse(full);
  const [first, ...names] = full.slice(root.length).split(sep);
  let at = join(root, first);
  for (const name of names) {
    at = join(at, name);
    const stats = await lstat(at).catch(() => undefined);
    if (!stats) return;
    if (!stats.isSymbolicLink()) continue;
    const target = await realpath(at).catch(() => "nowhere");
    throw usageError(
      `${flag}: ${at} is a link to ${target}, and files are not written through links; give the folder's own path`,
    );
  }
}

const fullDisk: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the limit on the size of a file is reached",
};

/** Whether a write failed because there was no room. */
export const isFullDisk = (error: unknown): boolean =>
  Object.hasOwn(fullDisk, String((error as NodeJS.ErrnoException)?.code));

/** The nearest folder around a path that exists. */
export async function existingFolder(path: string): Promise<string> {
  const folder = dirname(resolve(path));
  const stats = await lstat(folder).catch(() => undefined);
  return stats || dirname(folder) === folder ? folder : existingFolder(folder);
}

/**
 * The error of a write, with the path in place of the temporary file's. That of a full disk has the
 * bytes that files of these sizes need, in whole blocks, and the free bytes.
 */
export async function writeError(
  error: unknown,
  path: string,
  sizes: readonly number[],
): Promise<unknown> {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  let reason = code;
  if (isFullDisk(error)) {
    const disk = await statfs(await existingFolder(path)).catch(() => undefined);
    const block = disk?.bsize || 1;
    const wanted = sizes.reduce((sum, size) => sum + block * Math.ceil(size / block), 0);
    const free = disk ? `, ${disk.bavail * disk.bsize} are free` : "";
    reason = `${fullDisk[code]} (${wanted} bytes are wanted${free})`;
  }
  const line = `${path} cannot be written: ${reason}`;
  return Object.assign(new Error(line, { cause: error }), { code });
}

/** Writes a new temporary file, flushes it to the disk and returns its path. */
export async function stageFile(folder: string, bytes: Uint8Array | string): Promise<string> {
  const path = temporaryPath(folder);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
  try {
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeTemporary(path);
    throw error;
  }
  return path;
}

/** Flushes the names in a folder to the disk, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Renames a temporary file or folder into place. */
export async function moveInto(part: string, path: string): Promise<void> {
  const folder = dirname(path);
  await refuseLinks(folder);
  await mkdir(folder, { recursive: true });
  await rename(part, path);
  unfinished.delete(part);
  await syncFolder(folder);
}

/**
 * Writes the temporary files of a folder. `commit` renames one of them into place; `discard`
 * removes those that are left.
 * @throws Error with the path, the bytes wanted and the bytes free when the disk is full. Nothing is
 * left then.
 */
export async function stageFiles(folder: string, files: Files) {
  const parts = new Map<string, string>();
  const discard = async () => {
    for (const part of parts.values()) await removeTemporary(part);
    parts.clear();
  };
  await refuseLinks(folder);
  await mkdir(folder, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    try {
      parts.set(path, await stageFile(folder, bytes));
    } catch (error) {
      await discard();
      const sizes = Object.values(files).map((each) => Buffer.byteLength(each));
      throw await writeError(error, join(folder, path), sizes);
    }
  }
  const commit = async (path: string) => {
    const part = parts.get(path);
    if (part === undefined) throw new RangeError(`${path} is not staged`);
    await moveInto(part, join(folder, path)).catch(async (error) => {
      throw await writeError(error, join(folder, path), []);
    });
    parts.delete(path);
  };
  return { commit, discard };
}

/** Writes files into a folder. A full disk changes none of them. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  const staged = await stageFiles(folder, files);
  try {
    for (const path of Object.keys(files)) await staged.commit(path);
  } finally {
    await staged.discard();
  }
}

/** Writes a file. Makes its folder if it is missing. */
export const replaceFile = (path: string, bytes: Uint8Array | string): Promise<void> =>
  writeFiles(dirname(path), { [basename(path)]: bytes });
