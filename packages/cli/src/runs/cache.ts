/* The work of `gen cache`. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { type KeptFile, modelFiles } from "@gen/model-files";
import { interrupted, usageError } from "../errors.ts";
import { type FetchedModel, fetchedFolder, fetchedModels } from "../fetched-models.ts";
import { shownFolder } from "../model-folder.ts";
import { bytesText, interruptSignal, print, progress } from "../terminal.ts";

interface CacheOptions {
  readonly path: boolean;
  readonly verify: boolean;
  readonly clear: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

/** Runs `gen cache`. */
export async function runCache(names: readonly string[], options: CacheOptions): Promise<void> {
  const { path, verify, clear, force, json } = options;
  const chosen = (["path", "verify", "clear"] as const).filter((name) => options[name]);
  if (chosen.length > 1) throw usageError(`--${chosen[0]} and --${chosen[1]} do not go together`);
  const cache = modelFiles();
  const folder = cache.location ?? "";
  if (path) return print(json, { folder }, [folder]);
  const all = { files: await cache.list(), models: await fetchedModels() };
  const { files, models } = names.length > 0 ? named(all, names) : all;
  const jobs = { folder: fetchedFolder(), bytes: sumOf(models) };
  if (clear) {
    const count = files.length + models.length;
    if (names.length === 0 && !force && count > 0)
      throw usageError(
        `--clear needs --force to remove all ${counted(files.length)} in ${folder}${models.length > 0 ? ` and ${countedModels(models.length)} in ${jobs.folder}` : ""}, or names of those to remove`,
      );
    let bytes = 0;
    if (names.length === 0) bytes = await cache.clear();
    else for (const file of files) bytes += await evict(cache, file);
    for (const { remove } of models) await remove();
    print(
      json,
      { folder, removed: files.length, bytes, jobs: { ...jobs, removed: models.length } },
      [
        `${counted(files.length)} removed, ${bytesText(bytes)}`,
        ...(models.length > 0
          ? [`${countedModels(models.length)} removed, ${bytesText(jobs.bytes)}`]
          : []),
      ],
    );
    return;
  }
  const damaged = verify ? await damagedOf(folder, files) : undefined;
  const bytes = sumOf(files);
  const shown = files.map((file) => ({
    ...file,
    urls: file.urls.map(shownFolder),
    ...(damaged && file.sha256 !== undefined && { sound: !damaged.has(file.sha256) }),
  }));
  const listed = models.map(({ remove: _, ...model }) => model);
  print(json, { folder, bytes, files: shown, jobs: { ...jobs, models: listed } }, [
    ...shown.map(lineOf),
    `${counted(files.length)}, ${bytesText(bytes)}, in ${folder}`,
    ...listed.map((model) => lineOf({ ...model, urls: [] })),
    ...(listed.length > 0
      ? [`${countedModels(listed.length)}, ${bytesText(jobs.bytes)}, in ${jobs.folder}`]
      : []),
  ]);
  if (damaged && damaged.size > 0) process.exitCode = 1;
}

const sumOf = (all: readonly { readonly bytes: number }[]) =>
  all.reduce((sum, { bytes }) => sum + bytes, 0);

const countedModels = (count: number) =>
  `${count} ${count === 1 ? "model" : "models"} of gen jobs work`;

const counted = (count: number) => `${count} ${count === 1 ? "file" : "files"}`;

interface Listed<M> {
  readonly files: readonly KeptFile[];
  readonly models: readonly M[];
}

/** What names stand for. @throws GenError `usage` naming one that stands for nothing. */
function named<M extends FetchedModel>(all: Listed<M>, names: readonly string[]): Listed<M> {
  const fits = (name: string, sha256 = "", urls: readonly string[] = []) =>
    urls.some((url) => url === name || url.startsWith(name.endsWith("/") ? name : `${name}/`)) ||
    (/^[0-9a-f]{8,64}$/i.test(name) && sha256.startsWith(name.toLowerCase()));
  const found = (some: readonly string[]) => ({
    files: all.files.filter(({ sha256, urls }) => some.some((name) => fits(name, sha256, urls))),
    models: all.models.filter(({ sha256 }) => some.some((name) => fits(name, sha256))),
  });
  const idle = names.find((name) =>
    Object.values(found([name])).every(({ length }) => length === 0),
  );
  if (idle !== undefined) throw usageError(`${shownFolder(idle)} is not in the cache`);
  return found(names);
}

/** Removes a file with all its URLs. A file without any, whose URL is lost, goes by its hash. */
async function evict(
  cache: ReturnType<typeof modelFiles>,
  { sha256, urls }: KeptFile,
): Promise<number> {
  let bytes = sha256 === undefined ? 0 : await cache.evict(sha256);
  for (const url of sha256 === undefined ? urls : []) bytes += await cache.evict(url);
  return bytes;
}

/** The hashes of files whose bytes are others. */
async function damagedOf(folder: string, files: readonly KeptFile[]): Promise<Set<string>> {
  const signal = interruptSignal();
  const total = sumOf(files);
  const line = progress("Reading files");
  const damaged = new Set<string>();
  let done = 0;
  for (const { sha256 } of files) {
    if (sha256 === undefined) continue;
    const hash = createHash("sha256");
    for await (const part of createReadStream(join(folder, sha256))) {
      if (signal.aborted) throw interrupted("all files were read");
      hash.update(part as Buffer);
      done += (part as Buffer).length;
      line.update(done, total);
    }
    if (hash.digest("hex") !== sha256) damaged.add(sha256);
  }
  line.finish();
  return damaged;
}

function lineOf({
  sha256,
  urls,
  bytes,
  lastUsed,
  sound,
}: KeptFile & { readonly sound?: boolean }): string {
  const day = lastUsed.getTime() > 0 ? lastUsed.toISOString().slice(0, 10) : "unknown   ";
  const name = sha256 === undefined ? "a part      " : sha256.slice(0, 12);
  const state = sound === undefined ? "" : sound ? "  sound  " : "  damaged";
  return `${bytesText(bytes).padStart(7)}  ${day}  ${name}${state}  ${urls.join(" ")}`.trimEnd();
}
