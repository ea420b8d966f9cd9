import { rmSync } from "node:fs";
import {
  access,
  constants,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { usageError } from "./errors.ts";

const found = (path: string) => stat(path).catch(() => undefined);

// Names carry the process, so that what a killed one left can be told from what another is writing.
const temporaryName = /^\.gen-(\d+)-\d+\.tmp$/;
const unfinished = new Set<string>();
let made = 0;

function temporary(folder: string): string {
  if (made === 0) process.on("exit", removeUnfinished);
  const path = join(folder, `.gen-${process.pid}-${made++}.tmp`);
  unfinished.add(path);
  return path;
}

function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The process ends as it was going to; the next run sweeps what is left.
    }
  }
}

async function removeTemporary(path: string): Promise<void> {
  unfinished.delete(path);
  await rm(path, { recursive: true, force: true });
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Removes the temporary files that killed runs left in a folder of ours, or directly in any other. */
export async function sweep(folder: string, recursive = false): Promise<void> {
  const names = await readdir(folder, { recursive }).catch(() => []);
  for (const path of names) {
    const pid = temporaryName.exec(basename(path))?.[1];
    if (pid && !isAlive(Number(pid)))
      await rm(join(folder, path), { recursive: true, force: true });
  }
}

/**
 * Makes sure before any work that an output can be written and replaces nothing; makes nothing yet.
 * @throws GenError `usage` when something is there and `force` is not given, when it is of the other kind,
 * or when its folder cannot be written.
 */
export async function claimOutput(
  path: string,
  { force, kind }: { readonly force: boolean; readonly kind: "file" | "folder" },
): Promise<void> {
  const there = await found(path);
  if (there && there.isDirectory() !== (kind === "folder")) {
    throw usageError(`--out ${path} must be a ${kind}, got something else of that name`);
  }
  if (there && !force) {
    throw usageError(
      `--out ${path} exists already; choose another path or pass --force to replace it`,
    );
  }
  await writableFolder(kind === "folder" ? path : dirname(resolve(path)));
}

/** @throws GenError `usage` when `folder` cannot be written, or cannot be made. */
export async function writableFolder(folder: string): Promise<void> {
  let there = resolve(folder);
  while (!(await found(there)) && dirname(there) !== there) there = dirname(there);
  try {
    await access(there, constants.W_OK);
    // Root may pass the access check on a file system that refuses every write.
    const probe = temporary(there);
    await mkdir(probe).finally(() => removeTemporary(probe));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw usageError(
      `--out: the folder ${folder} cannot be written (${code ?? message}); choose another`,
    );
  }
}

/** Writes a file under a temporary name and renames it, so that no half-written file is ever seen. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const part = temporary(folder);
  try {
    await writeFile(part, bytes);
    await rename(part, path);
    unfinished.delete(part);
  } catch (error) {
    await removeTemporary(part);
    throw error;
  }
}

/**
 * Writes a folder of files: a new one appears whole; in one that is there files are replaced one by
 * one, and those of `own` that are not written again are removed.
 */
export async function writeFolder(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  own: RegExp,
): Promise<void> {
  const whole = resolve(folder);
  if (await found(whole)) {
    for (const [path, bytes] of Object.entries(files)) await writeWhole(join(whole, path), bytes);
    for (const name of await readdir(whole)) {
      if (own.test(name) && !Object.hasOwn(files, name)) await rm(join(whole, name));
    }
    return;
  }
  await mkdir(dirname(whole), { recursive: true });
  const part = temporary(dirname(whole));
  try {
    for (const [path, bytes] of Object.entries(files)) await writeWhole(join(part, path), bytes);
    await rename(part, whole);
    unfinished.delete(part);
  } catch (error) {
    await removeTemporary(part);
    throw error;
  }
}

/** Reads a file of at most `limit` bytes, or gives undefined where there is none. */
export async function readBounded(path: string, limit: number): Promise<Uint8Array | undefined> {
  const there = await found(path);
  if (!there) return undefined;
  if (!there.isFile()) throw usageError(`${path} is not a file`);
  if (there.size > limit)
    throw usageError(`${path} has ${there.size} bytes; at most ${limit} are allowed`);
  return readFile(path);
}
