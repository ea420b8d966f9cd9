import { ArgumentError } from "@gen/math/arguments";
import { type FileStore, isStoreName } from "./file-store.ts";

const staleAfter = 3_600_000;
const largestRead = 2 ** 26;
/** Bytes of the largest content, and of the largest record beside one. */
const [largestContent, largestRecord] = [2 ** 31 - 1, 2 ** 16];

/** A store in a folder, in Node. Each file is written under a temporary name and then renamed. */
export function folderStore(folder: string): FileStore {
  const fs = process.getBuiltinModule("node:fs/promises");
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = process.getBuiltinModule("node:fs").constants;
  const { dirname, join } = process.getBuiltinModule("node:path");
  const { randomUUID } = process.getBuiltinModule("node:crypto");
  const pathOf = (name: string): string => {
    if (!isStoreName(name)) throw new ArgumentError(`${name} is not a name of a model file`);
    return join(folder, name);
  };
  // Node's own recursive mkdir never ends where no folder can be made, as in /proc.
  const makeFolder = async (path: string): Promise<void> => {
    const failure = await fs.mkdir(path).catch((error: NodeJS.ErrnoException) => error);
    if (failure?.code === "ENOENT" && dirname(path) !== path) {
      await makeFolder(dirname(path));
      await fs.mkdir(path).catch(unless("EEXIST"));
    } else if (failure && !(await fs.stat(path).catch(() => undefined))?.isDirectory()) {
      throw failure;
    }
  };
  return {
    async read(name) {
      // A link is not followed, and a named pipe is not waited for.
      const flags = O_NOFOLLOW | O_NONBLOCK;
      const file = await fs.open(pathOf(name), flags).catch(unless("ENOENT", "ELOOP"));
      if (!file) return undefined;
      try {
        const found = await file.stat();
        const most = /\.[a-z]/.test(name) ? largestRecord : largestContent;
        if (!found.isFile() || found.size > most) return undefined;
        const bytes = new Uint8Array(found.size);
        for (let at = 0; at < bytes.length; ) {
          const length = Math.min(bytes.length - at, largestRead);
          const { bytesRead } = await file.read(bytes, at, length, at);
          if (bytesRead === 0) return bytes.subarray(0, at);
          at += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    },
    // Later changes of the file are seen as errors.
    open: (name) => process.getBuiltinModule("node:fs").openAsBlob(pathOf(name)) as Promise<Blob>,
    async write(name, bytes) {
      const target = pathOf(name);
      const temporary = `${target}.${randomUUID()}.tmp`;
      await makeFolder(folder);
      try {
        await fs.writeFile(temporary, bytes);
        await fs.rename(temporary, target);
      } catch (error) {
        await fs.rm(temporary, { force: true });
        throw error;
      }
    },
    remove: (name) => fs.rm(pathOf(name), { force: true }),
    async sizes() {
      const sizes = new Map<string, number>();
      for (const name of (await fs.readdir(folder).catch(unless("ENOENT"))) ?? []) {
        const temporary = /^[0-9a-f]{64}.*\.tmp$/.test(name);
        if (!temporary && !isStoreName(name)) continue;
        const found = await fs.lstat(join(folder, name)).catch(unless("ENOENT"));
        if (!found?.isFile()) continue;
        if (!temporary) sizes.set(name, found.size);
        // Its process ended while it wrote; the file of a process that still writes is younger.
        else if (Date.now() - found.mtimeMs > staleAfter) {
          await fs.rm(join(folder, name), { force: true });
        }
      }
      return sizes;
    },
  };
}

const unless =
  (...codes: string[]) =>
  (error: NodeJS.ErrnoException): undefined => {
    if (!codes.includes(error.code ?? "")) throw error;
  };

/** `gen/models` in the user's cache folder: `XDG_CACHE_HOME`, or the platform's default. */
export function defaultFolder(): string {
  const { join } = process.getBuiltinModule("node:path");
  const { env, platform } = process;
  const home = process.getBuiltinModule("node:os").homedir();
  const system =
    env.XDG_CACHE_HOME ||
    (platform === "darwin" && join(home, "Library", "Caches")) ||
    (platform === "win32" && env.LOCALAPPDATA) ||
    join(home, ".cache");
  return join(system, "gen", "models");
}
