/*
 * Where a job's files are: a folder that all workers see, or a bucket.
 *
 *   jobs/ID/job.json            what is asked for
 *   jobs/ID/parts/0000000000    a part's result, with the record of who computed it
 *   files/SHA256                a file of a model, by its checksum
 *
 * A file is written whole or not at all, and the same name always gets the same content, so that a
 * part done twice does no harm. Nothing is renamed or changed. Only the jobs of a server are removed,
 * once they were answered.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { GenError } from "@gen/math";
import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
import { temporaryPath, writeFlushed } from "./temporary-files.ts";

/** Files by their names, which are relative paths such as `jobs/a1/job.json`. */
export interface Store {
  /**
   * Writes a file whole, or not at all. A file of that name is replaced.
   *
   * @param name A relative path of letters, digits, `.`, `_` and `-` with `/` between, without "..".
   * @param bytes The content.
   */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * The content of a file; undefined where there is none.
   *
   * @param name As for `write`.
   * @param most The most bytes that the file may have. A larger one is refused before it is read, with
   * GenError `file-too-large`. Default: 2^31 - 1.
   */
  read(name: string, most?: number): Promise<Uint8Array | undefined>;
  /**
   * The names of all whole files that begin with `prefix`, sorted.
   *
   * @param prefix A folder's name with `/` at its end, such as `jobs/a1/parts/`.
   */
  list(prefix: string): Promise<string[]>;
  /**
   * Removes a file; nothing where there is none. Default: a store that keeps all files.
   *
   * @param name As for `write`.
   */
  remove?(name: string): Promise<void>;
}

const NAME = /^(?!\.)[\w.-]+(\/(?!\.)[\w.-]+)*$/;

/** The most bytes that a file may have. */
export const LARGEST_FILE = 2 ** 31 - 1;

/** Whether a store may have a file of this name. */
export const isName = (name: unknown): boolean =>
  typeof name === "string" && name.length <= 512 && NAME.test(name);

/**
 * A name of a file in a store.
 *
 * @throws RangeError when it is no relative path of letters, digits, `.`, `_` and `-`, or a part of it
 * begins with a dot.
 */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new ArgumentError(
    `name must be a relative path such as jobs/a1/job.json, got ${JSON.stringify(name)}`,
  );
}

/** @throws RangeError when a prefix is not empty and no name with `/` at its end. */
export function checkPrefix(prefix: string): string {
  if (prefix === "") return prefix;
  if (typeof prefix === "string" && prefix.endsWith("/")) {
    checkName(prefix.slice(0, -1));
    return prefix;
  }
  throw new ArgumentError(`prefix must end with /, got ${JSON.stringify(prefix)}`);
}

/**
 * A store in a folder, such as one that all workers mount. A file is written under a temporary name,
 * flushed to the disk and renamed. A link that leads out of the folder is not followed.
 *
 * `folderStore("/srv/results")`
 *
 * @param folder The folder's path. It is made with the first file.
 * @throws RangeError when folder is empty. Its functions throw the system's errors, such as ENOSPC, and
 * GenError `file-too-large`, `invalid-data` for what is no file or leads out of the folder.
 */
export function folderStore(folder: string): Store {
  checkArguments({ folder }, { folder: rules.TEXT });
  const root = resolve(folder);
  /** The real path of a file or a folder. Who can write into a store chooses the links in it. */
  async function find(path: string): Promise<string> {
    const found = await realpath(path).catch(async (error: NodeJS.ErrnoException) => {
      const stats = await lstat(path).catch(() => undefined);
      throw stats?.isSymbolicLink() ? leadsOut(path) : error;
    });
    const inside = await realpath(root);
    if (found === inside || found.startsWith(inside + sep)) return found;
    throw leadsOut(path);
  }
  /** Makes a folder and those above it, none of them outside. */
  async function make(path: string): Promise<void> {
    if (await find(path).catch(unlessMissing)) return;
    if (path === root) await mkdir(root, { recursive: true });
    else {
      await make(dirname(path));
      await mkdir(path, { recursive: true });
    }
  }
  return {
    async write(name, bytes) {
      const path = join(root, checkName(name));
      checkSize(bytes.length, LARGEST_FILE, name);
      const parent = dirname(path);
      await make(parent);
      const part = temporaryPath(parent);
      try {
        await writeFlushed(part, bytes);
        await rename(part, path);
      } catch (error) {
        await rm(part, { force: true }).catch(() => undefined);
        throw error;
      }
    },
    async read(name, most) {
      const path = await find(join(root, checkName(name))).catch(unlessMissing);
      // To open a pipe would wait for its writer.
      const file =
        path &&
        (await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(unlessMissing));
      if (!file) return undefined;
      try {
        const stats = await file.stat();
        if (!stats.isFile()) throw new GenError("invalid-data", `${name} in the store is no file`);
        checkSize(stats.size, most, name);
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
    async list(prefix) {
      const inside = join(root, checkPrefix(prefix));
      if (!(await find(inside).catch(unlessMissing))) return [];
      const options = { recursive: true, withFileTypes: true } as const;
      const entries = (await readdir(inside, options).catch(unlessMissing)) ?? [];
      const names = entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
      // Others may write into the folder too.
      return names
        .map((name) => name.replaceAll("\\", "/"))
        .filter(isName)
        .sort();
    },
    async remove(name) {
      const path = join(root, checkName(name));
      const parent = await find(dirname(path)).catch(unlessMissing);
      if (!parent) return;
      await rm(path, { force: true });
      // The folders that are empty now, up to the root.
      for (let at = dirname(path); at !== root; at = dirname(at)) {
        const isEmpty = await rmdir(at).then(
          () => true,
          () => false,
        );
        if (!isEmpty) break;
      }
    },
  };
}

/** @throws GenError `file-too-large` when a file has more bytes than are allowed, or nobody says how many. */
export function checkSize(
  size: number | undefined,
  most = LARGEST_FILE,
  name = "the file",
): asserts size is number {
  if (size !== undefined && size <= most) return;
  const count = size ?? "an unknown number of";
  throw new GenError("file-too-large", `${name} has ${count} bytes, ${most} are allowed`);
}

const leadsOut = (path: string): GenError =>
  new GenError(
    "invalid-data",
    `${path} is a link that leads out of the store; copy its files there`,
  );

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
}
