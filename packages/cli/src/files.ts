import {
  access,
  constants,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rm,
  stat,
} from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { parseJson as readJson } from "@gen/math/json";
import {
  existingFolder,
  type Files,
  moveInto,
  refuseLinks,
  removeTemporary,
  temporaryPath,
  writeFiles,
} from "./atomic-files.ts";
import { usageError } from "./errors.ts";

const statOf = (path: string) => stat(path).catch(() => undefined);

// The process id tells the leftovers of a killed run from the files of a running one.
const temporaryName = /^\.gen-(\d+)-\w+\.tmp$/;

/** Whether a name in a folder is that of a temporary file. */
export const isTemporary = (name: string): boolean => temporaryName.test(name);

/** Whether a process of this id runs on this host. */
export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/**
 * Removes the temporary files of killed runs from a folder, and from its subfolders with
 * `recursive`. `olderThanMs` spares the files of a process on another host that shares the folder.
 */
export async function sweep(
  folder: string,
  { recursive = false, olderThanMs = 0 } = {},
): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    const pid = temporaryName.exec(entry.name)?.[1];
    if (!pid) {
      if (recursive && entry.isDirectory()) await sweep(path, { recursive, olderThanMs });
      continue;
    }
    const stats = isAlive(Number(pid)) ? undefined : await lstat(path).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs >= olderThanMs)
      await rm(path, { recursive: true, force: true });
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
  flag = "--out",
): Promise<void> {
  const existing = await lstat(path).catch(() => undefined);
  if (existing && existing.isDirectory() !== (kind === "folder") && !existing.isSymbolicLink()) {
    throw usageError(`${flag} ${path} must be a ${kind}, got something else of that name`);
  }
  if (existing && !force) {
    throw usageError(
      `${flag} ${path} exists already; choose another path or pass --force to replace it`,
    );
  }
  await checkWritable(kind === "folder" ? path : dirname(resolve(path)), flag);
}

/** @throws GenError `usage` when `folder` cannot be written, cannot be made, or lies behind a link. */
export async function checkWritable(folder: string, flag = "--out"): Promise<void> {
  await refuseLinks(folder, flag);
  const existing = await existingFolder(join(folder, "file"));
  if (existing === resolve(folder) && !(await statOf(folder))?.isDirectory())
    throw usageError(`${flag} ${folder} must be a folder, got a file`);
  try {
    await access(existing, constants.W_OK);
    // Root may pass the access check on a file system that refuses every write.
    const probe = temporaryPath(existing);
    await mkdir(probe).finally(() => removeTemporary(probe));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw usageError(
      `${flag}: the folder ${folder} cannot be written (${code ?? message}); choose another`,
    );
  }
}

/** Whether a model's folder is at a URL. */
export const isOnline = (folder: string): boolean => /^https?:/.test(folder);

/** @throws GenError `usage` when a flag's model is neither a folder nor a URL. */
export async function checkModelFolder(folder: string, flag = "--model"): Promise<void> {
  if (!isOnline(folder) && !(await statOf(folder))?.isDirectory())
    throw usageError(`${flag} ${folder} must be a folder`);
}

/**
 * Writes a folder of files. A new folder is written atomically; in an existing one each file is
 * replaced, and files whose name matches `own` are removed unless they are in `files`.
 */
export async function writeFolder(path: string, files: Files, own: RegExp): Promise<void> {
  const folder = resolve(path);
  if (!(await statOf(folder))) {
    await mkdir(dirname(folder), { recursive: true });
    const part = temporaryPath(dirname(folder));
    try {
      await mkdir(part);
      await writeFiles(part, files);
      return await moveInto(part, folder);
    } catch (error) {
      await removeTemporary(part);
      throw error;
    }
  }
  await writeFiles(folder, files);
  for (const name of await readdir(folder)) {
    if (own.test(name) && !Object.hasOwn(files, name)) await rm(join(folder, name));
  }
}

/** The value of a JSON file; undefined when the bytes are no JSON. */
export function parseJson<T>(bytes: Uint8Array): T | undefined {
  try {
    return readJson(bytes, { limit: bytes.length }) as T;
  } catch {
    return undefined;
  }
}

/** Reads a file of at most `limit` bytes; undefined when it is missing. */
export async function readBounded(
  path: string,
  limit: number,
  flags = 0,
): Promise<Uint8Array | undefined> {
  // Non-blocking, so that opening a pipe does not wait for its writer.
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK | flags).catch(unlessMissing);
  if (!file) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw usageError(`${path} is not a file`);
    if (stats.size > limit)
      throw usageError(`${path} has ${stats.size} bytes; at most ${limit} are allowed`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Reads a file of a folder. A link may lead to a file within the folder.
 * @throws GenError `usage` when a link leads elsewhere.
 */
export async function readInside(
  folder: string,
  path: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  const root = await realpath(folder).catch(unlessMissing);
  const file = await realpath(join(folder, path)).catch(unlessMissing);
  if (root === undefined || file === undefined) return undefined;
  if (file.startsWith(root.endsWith(sep) ? root : root + sep)) return readBounded(file, limit);
  throw usageError(`${join(folder, path)} is a link that leads out of the folder`);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
}
