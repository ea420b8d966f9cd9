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

const statOf = (path: string) => stat(path).catch(() => undefined);

// The process id tells the leftovers of a killed run from the files of a running one.
const temporaryName = /^\.gen-(\d+)-\d+\.tmp$/;
const unfinished = new Set<string>();
let count = 0;

function temporaryPath(folder: string): string {
  if (count === 0) process.on("exit", removeUnfinished);
  const path = join(folder, `.gen-${process.pid}-${count++}.tmp`);
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

/** Removes the temporary files of killed runs from a folder. */
export async function sweep(folder: string, recursive = false): Promise<void> {
  const names = await readdir(folder, { recursive }).catch(() => []);
  for (const path of names) {
    const pid = temporaryName.exec(basename(path))?.[1];
    if (pid && !isAlive(Number(pid)))
      await rm(join(folder, path), { recursive: true, force: true });
  }
}

/**
 * Checks before any work that an output can be written and replaces nothing. Writes nothing yet.
 * @throws GenError `usage` when the path exists and `force` is false, when it is of the other kind,
 * or when its folder cannot be written.
 */
export async function claimOutput(
  path: string,
  { force, kind }: { readonly force: boolean; readonly kind: "file" | "folder" },
): Promise<void> {
  const existing = await statOf(path);
  if (existing && existing.isDirectory() !== (kind === "folder")) {
    throw usageError(`--out ${path} must be a ${kind}, got something else of that name`);
  }
  if (existing && !force) {
    throw usageError(
      `--out ${path} exists already; choose another path or pass --force to replace it`,
    );
  }
  await checkWritable(kind === "folder" ? path : dirname(resolve(path)));
}

/** @throws GenError `usage` when `folder` cannot be written, or cannot be made. */
export async function checkWritable(folder: string): Promise<void> {
  let existing = resolve(folder);
  while (!(await statOf(existing)) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    await access(existing, constants.W_OK);
    // Root may pass the access check on a file system that refuses every write.
    const probe = temporaryPath(existing);
    await mkdir(probe).finally(() => removeTemporary(probe));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw usageError(
      `--out: the folder ${folder} cannot be written (${code ?? message}); choose another`,
    );
  }
}

/** Writes to a temporary path and renames the result, so that nobody sees half of it. */
async function writeAtomically(path: string, write: (part: string) => Promise<void>) {
  await mkdir(dirname(path), { recursive: true });
  const part = temporaryPath(dirname(path));
  try {
    await write(part);
    await rename(part, path);
    unfinished.delete(part);
  } catch (error) {
    await removeTemporary(part);
    throw error;
  }
}

/** Writes a file atomically. Makes its folder if it is missing. */
export const replaceFile = (path: string, bytes: Uint8Array | string): Promise<void> =>
  writeAtomically(path, (part) => writeFile(part, bytes));

/** Files of a folder by their paths in it. */
export type Files = Readonly<Record<string, Uint8Array | string>>;

/** Writes files into a folder, each atomically. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) await replaceFile(join(folder, path), bytes);
}

/**
 * Writes a folder of files. A new folder is written atomically; in an existing one each file is
 * replaced, and files whose name matches `own` are removed unless they are in `files`.
 */
export async function writeFolder(path: string, files: Files, own: RegExp): Promise<void> {
  const folder = resolve(path);
  if (!(await statOf(folder))) {
    return writeAtomically(folder, (part) => writeFiles(part, files));
  }
  await writeFiles(folder, files);
  for (const name of await readdir(folder)) {
    if (own.test(name) && !Object.hasOwn(files, name)) await rm(join(folder, name));
  }
}

/** The value of a JSON file; undefined when the bytes are no JSON. */
export function parseJson<T>(bytes: Uint8Array): T | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Reads a file of at most `limit` bytes; undefined when it is missing. */
export async function readBounded(path: string, limit: number): Promise<Uint8Array | undefined> {
  const stats = await statOf(path);
  if (!stats) return undefined;
  if (!stats.isFile()) throw usageError(`${path} is not a file`);
  if (stats.size > limit)
    throw usageError(`${path} has ${stats.size} bytes; at most ${limit} are allowed`);
  return readFile(path);
}
