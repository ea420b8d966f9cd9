/*
 * The files that a job needs: its model's folder, a LoRA, a picture. The store has each once, under
 * its SHA-256; a worker fetches each once, and checks it.
 *
 *   files/SHA256                  in the store
 *   CACHE/SHA256/unet/model.onnx  at a worker: SHA256 is that of the list of all files
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GenError } from "@gen/math";
import { LARGEST_FILE, type Store } from "./store.ts";
import { temporaryPath, writeFlushed } from "./temporary-files.ts";

/** A file or a folder of a job. */
export interface JobInput {
  /** The SHA-256 of the list of files. */
  readonly sha256: string;
  /** The name of a single file; absent for a folder. */
  readonly file?: string;
  /** The files by their path in the folder. */
  readonly files: Readonly<Record<string, InputFile>>;
}

/** A file of an input. */
export interface InputFile {
  /** Of its content. */
  readonly sha256: string;
  /** Its size. */
  readonly bytes: number;
}

/** The most files of an input. */
const MAX_FILES = 10_000;

const SHA256 = /^[0-9a-f]{64}$/;

const storedName = (sha256: string) => `files/${sha256}`;

/** What the files and folders at a path are, by their checksums. @throws GenError `usage` without one. */
export async function describeInput(path: string): Promise<JobInput> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw new GenError("usage", `${path}: no such file or folder`);
  const names = stats.isFile() ? [""] : await filesIn(path);
  if (names.length > MAX_FILES)
    throw new GenError(
      "usage",
      `${path} has ${names.length} files; at most ${MAX_FILES} are allowed`,
    );
  const files: [string, InputFile][] = [];
  for (const name of names) {
    const { size: bytes } = await stat(join(path, name));
    files.push([name || basename(path), { sha256: await hashOf(join(path, name)), bytes }]);
  }
  const listed = Object.fromEntries(files);
  return {
    sha256: listSha256(listed),
    ...(stats.isFile() && { file: basename(path) }),
    files: listed,
  };
}

/** The files in a folder, without hidden ones, sorted. */
async function filesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).map((name) =>
    name.replaceAll("\\", "/"),
  );
  const visible = names.filter((name) => !name.split("/").some((part) => part.startsWith(".")));
  const found: string[] = [];
  for (const name of visible.sort())
    if ((await stat(join(folder, name))).isFile()) found.push(name);
  return found;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

const listSha256 = (files: JobInput["files"]): string => {
  const lines = Object.keys(files)
    .sort()
    .map((name) => `${files[name].sha256} ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
};

/** Copies the files of an input into the store, but those that it has. */
export async function putInput(
  store: Store,
  path: string,
  { file, files }: JobInput,
  known: ReadonlySet<string>,
  onFile: (bytes: number) => void,
): Promise<void> {
  for (const [name, { sha256, bytes }] of Object.entries(files)) {
    const from = file === undefined ? join(path, name) : path;
    if (bytes > LARGEST_FILE)
      throw new GenError(
        "usage",
        `${from} has ${bytes} bytes; a store takes at most ${LARGEST_FILE}: submit with --no-upload`,
      );
    if (!known.has(storedName(sha256))) await store.write(storedName(sha256), await readFile(from));
    onFile(bytes);
  }
}

/** The files that the store has. */
export const knownFiles = async (store: Store): Promise<ReadonlySet<string>> =>
  new Set(await store.list("files/"));

/** @throws GenError `invalid-data` when an input of a record is not as `describeInput` makes it. */
export function checkInput({ sha256, files, file }: JobInput): void {
  const entries = Object.entries(files ?? {});
  const isPath = (name: string) =>
    name.length <= 512 &&
    !/[\\\0:]/.test(name) &&
    name.split("/").every((part) => part !== "" && !part.startsWith("."));
  const fits =
    entries.length <= MAX_FILES &&
    entries.every(
      ([name, one]) =>
        isPath(name) && SHA256.test(one?.sha256) && Number(one.bytes) <= LARGEST_FILE,
    ) &&
    (file === undefined || (entries.length === 1 && entries[0][0] === file)) &&
    sha256 === listSha256(files);
  if (!fits) throw new GenError("invalid-data", "the job's list of files is damaged");
}

/** Where a worker has its inputs. */
export interface InputPlaces {
  readonly store: Store;
  /** The folder of fetched inputs. */
  readonly cache: string;
  /** Paths that were checked already, or that the worker has anyway, by their checksum. */
  readonly own: Map<string, string>;
}

/**
 * The path of an input at this worker, which fetches it where it is new.
 * @throws GenError `file-changed` when a checksum differs, `usage` when the store has not the file.
 */
export async function fetchInput(
  path: string,
  input: JobInput,
  { store, cache, own }: InputPlaces,
): Promise<string> {
  checkInput(input);
  const { sha256, file, files } = input;
  const known = own.get(sha256);
  if (known !== undefined) return known;
  const folder = join(cache, sha256);
  const kept = join(folder, file ?? "");
  const found = await describeInput(kept).catch(() => undefined);
  if (found?.sha256 === sha256) {
    // The time of the last use, which `gen cache` shows.
    await utimes(folder, new Date(), new Date()).catch(() => undefined);
    own.set(sha256, kept);
    return kept;
  }
  await mkdir(cache, { recursive: true });
  const part = temporaryPath(cache);
  try {
    for (const [name, wanted] of Object.entries(files)) {
      const bytes = await fetched(store, path, name, wanted);
      await mkdir(dirname(join(part, name)), { recursive: true });
      await writeFlushed(join(part, name), bytes);
    }
    await rename(part, folder).catch(async () => {
      // Another worker on this machine was faster, or what is there is damaged.
      if ((await describeInput(kept).catch(() => undefined))?.sha256 === sha256) return;
      await rm(folder, { recursive: true, force: true });
      await rename(part, folder);
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  own.set(sha256, kept);
  return kept;
}

async function fetched(store: Store, path: string, name: string, wanted: InputFile) {
  const shown = `${path}: ${name}`;
  const bytes = await store.read(storedName(wanted.sha256), wanted.bytes);
  if (!bytes)
    throw new GenError(
      "usage",
      `${shown} is not in the store: submit without --no-upload, or give the worker the same folder by --model`,
    );
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 === wanted.sha256) return bytes;
  throw new GenError(
    "file-changed",
    `${shown} in the store has the SHA-256 ${sha256}, and the job wants ${wanted.sha256}`,
  );
}
