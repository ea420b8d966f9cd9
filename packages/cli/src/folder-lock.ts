/*
 * One process at a time writes into a folder: `.gen-lock` in it names the process.
 *
 *   await withFolderLock(folder, async () => { ... });
 *
 * The file is linked into place with its content, so only one process makes it and nobody reads
 * half of it. The lock of a process that has ended is replaced under a second lock, which is named
 * after the old content: of several processes, one replaces the lock and the others see its new
 * owner.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { constants, readFileSync, readlinkSync, rmSync } from "node:fs";
import { link, mkdir, readdir, rename, rmdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { refuseLinks, removeTemporary, stageFile, writeError } from "./atomic-files.ts";
import { usageError } from "./errors.ts";
import { isAlive, isTemporary, parseJson, readBounded } from "./files.ts";
import { duration, note } from "./terminal.ts";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the lock was taken, as an ISO date. */
  readonly since: string;
  /** When the process started. A later process of the same id has another start. */
  readonly started: string;
  /** Identifies the machine among those of one name. */
  readonly machine: string;
  /** Identifies the run of the system. After a restart no process of the old run is left. */
  readonly boot: string;
  /** Identifies the container whose processes have these ids. */
  readonly container: string;
}

const lockName = ".gen-lock";

/** Whether a folder holds nothing but locks, temporary files and empty folders, or is missing. */
export async function isUnused(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const { name } = entry;
    if (name.startsWith(lockName) || isTemporary(name)) continue;
    if (!entry.isDirectory() || !(await isUnused(join(folder, name)))) return false;
  }
  return true;
}

/** The content of the locks that this process holds, by their paths. */
const held = new Map<string, string>();

const textOf = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    return "";
  }
};

/** When a process started; empty when the system does not say, undefined when it has ended. */
function startOf(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  if (process.platform === "win32") return "";
  if (process.platform !== "linux")
    return textOf(() =>
      execFileSync("ps", ["-o", "lstart=", "-p", `${pid}`], { encoding: "utf8" }),
    );
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The name of the program, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" ? undefined : (fields[19] ?? "");
}

const thisOwner = (): Owner => ({
  pid: process.pid,
  host: hostname(),
  since: new Date().toISOString(),
  started: startOf(process.pid) ?? "",
  machine: textOf(() => readFileSync("/etc/machine-id", "utf8")),
  boot: textOf(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
  container: textOf(() => readlinkSync("/proc/self/ns/pid")),
});

/** Whether the owner runs; `unknown` on another host or in another container. */
function stateOf(owner: Owner): "running" | "ended" | "unknown" {
  const now = thisOwner();
  if (owner.host !== now.host || owner.machine !== now.machine) return "unknown";
  if (owner.boot !== now.boot) return "ended";
  if (owner.container !== now.container) return "unknown";
  const started = startOf(owner.pid);
  const differs = started !== "" && owner.started !== "" && started !== owner.started;
  return started === undefined || differs ? "ended" : "running";
}

/** `process 12 on HOST since 2026-11-29 10:20:30 UTC (5 min 2 s ago)`. */
function describe({ pid, host, since }: Owner): string {
  const seconds = Math.max(0, (Date.now() - Date.parse(since)) / 1000);
  const date = since.slice(0, 19).replace("T", " ");
  return `process ${pid} on ${host} since ${date} UTC (${duration(seconds)} ago)`;
}

function ownerIn(path: string, content: string): Owner {
  const owner = parseJson<Partial<Owner> | null>(Buffer.from(content));
  const { pid = 0, since = "" } = owner ?? {};
  if (Number.isInteger(pid) && pid > 0 && owner?.host && Number.isFinite(Date.parse(since)))
    return { ...thisOwner(), started: "", ...owner };
  throw usageError(
    `${path} is damaged, so that nobody can tell which process uses the folder; delete it if none does`,
  );
}

/** @returns the description of the ended process that had the lock before, if there was one. */
async function acquire(path: string): Promise<string | undefined> {
  const content = JSON.stringify(thisOwner());
  const part = await stageFile(dirname(path), content).catch(async (error) => {
    throw await writeError(error, path, [content.length]);
  });
  try {
    for (let tries = 0; ; tries++) {
      if (await linkNew(part, path, content)) {
        held.set(path, content);
        return undefined;
      }
      const found = await readLock(path);
      // Released meanwhile.
      if (found === undefined && tries < 100) continue;
      const owner = ownerIn(path, found ?? "");
      const state = stateOf(owner);
      if (state !== "ended") {
        const advice = state === "unknown" ? `; if that process has ended, delete ${path}` : "";
        throw usageError(
          `--out ${dirname(path)} is in use by ${describe(owner)}; wait, or choose another folder${advice}`,
        );
      }
      if (await replaceLock(part, path, found ?? "", content)) return describe(owner);
      await new Promise((done) => setTimeout(done, 20));
    }
  } finally {
    await removeTemporary(part);
  }
}

async function readLock(path: string): Promise<string | undefined> {
  const bytes = await readBounded(path, 65_536, constants.O_NOFOLLOW);
  return bytes && Buffer.from(bytes).toString();
}

/** Gives a file with `content` a new name. False when the name exists. */
async function linkNew(part: string, path: string, content: string): Promise<boolean> {
  try {
    await link(part, path).catch((error: NodeJS.ErrnoException) => {
      // The file system has no hard links.
      if (/^(EPERM|ENOTSUP|ENOSYS)$/.test(error.code ?? ""))
        return writeFile(path, content, { flag: "wx", flush: true });
      throw error;
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Replaces the lock of an ended process. False when another process does so. */
async function replaceLock(part: string, path: string, old: string, content: string) {
  const right = `${path}-${createHash("sha256").update(old).digest("hex").slice(0, 12)}`;
  try {
    await acquire(right);
  } catch {
    return false;
  }
  try {
    // Only the owner of `right` replaces a lock of this content.
    if ((await readLock(path)) !== old) return false;
    await rename(part, path);
    held.set(path, content);
    return true;
  } finally {
    release(right);
  }
}

/** Removes a lock that this process holds. */
function release(path: string): void {
  const content = held.get(path);
  held.delete(path);
  if (content !== undefined && textOf(() => readFileSync(path, "utf8")) === content)
    rmSync(path, { force: true });
}

process.on("exit", () => {
  try {
    for (const path of held.keys()) release(path);
  } catch {
    // The process exits with its own code; the next run takes the lock over.
  }
});

/**
 * Makes the folder if it is missing, locks it, runs `work` and unlocks it.
 * @throws GenError `usage` when another process has the folder's lock, or one on another host left it.
 */
export async function withFolderLock<R>(folder: string, work: () => Promise<R>): Promise<R> {
  const path = join(folder, lockName);
  await refuseLinks(folder);
  const made = await mkdir(folder, { recursive: true });
  const before = await acquire(path);
  if (before)
    note(`${folder} was left locked by ${before}, which has ended; its lock is taken over`);
  // Second locks are of no use while the folder's lock is held; one that is left is a killed run's.
  for (const name of await readdir(folder))
    if (name.startsWith(`${lockName}-`)) rmSync(join(folder, name), { force: true });
  try {
    return await work();
  } finally {
    release(path);
    await removeEmpty(folder, made);
  }
}

/** Removes a folder, and the parents up to `made`, if this process made them and all are empty. */
async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  for (let at = resolve(folder); at.startsWith(resolve(made)); at = dirname(at)) {
    if (
      !(await rmdir(at).then(
        () => true,
        () => false,
      ))
    )
      return;
  }
}

/**
 * Checks before a save that the lock is still this process's. A folder that was removed is made
 * and locked again.
 * @returns whether the folder was removed.
 * @throws GenError `usage` when another process has the lock by now.
 */
export async function confirmLock(folder: string): Promise<boolean> {
  const path = join(folder, lockName);
  if (textOf(() => readFileSync(path, "utf8")) === held.get(path)) return false;
  await refuseLinks(folder);
  const isNew = (await mkdir(folder, { recursive: true })) !== undefined;
  if (isNew) note(`${folder} was removed during the training; it is made again`);
  await acquire(path);
  return isNew;
}
