import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, posix, resolve, sep } from "node:path";
import { type Expr, type Tensor, trace } from "@gen/graph";
import { fileOf, MAX_FILE_BYTES, type WholeFile } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import {
  type LoadModelOptions,
  type LoadPipelineOptions,
  loadPipeline,
  type ReadFile,
} from "@gen/pipeline";
import type { DiffusionPipeline } from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";
import { downloadLines } from "./download-lines.ts";
import { exitCode, prefixErrors, usageError } from "./errors.ts";
import { isOnline, parseJson, readBounded } from "./files.ts";
import { scalingOf } from "./scaling.ts";

const jsonLimit = 2 ** 24;

/** A pipeline whose parts fit each other. */
export type LoadedPipeline = ReturnType<typeof checkParts>;

/**
 * Readers of a folder's files. A link is followed inside the folder and, from a snapshot in a
 * Hugging Face cache (`models--NAME/snapshots/REVISION`), to the blobs of the same model.
 */
export function folderReaders(folder: string) {
  /** The real path of a file; undefined where there is none. */
  const find = async (path: string): Promise<string | undefined> => {
    const [inside, file] = await Promise.all([
      realpath(folder),
      realpath(join(folder, path)).catch(() => undefined),
    ]);
    if (file === undefined) return undefined;
    const [snapshot] = /[\\/]snapshots[\\/][^\\/]+$/.exec(inside) ?? [];
    const model = inside.slice(0, -(snapshot?.length ?? 0));
    const cached = basename(model).startsWith("models--") ? [join(model, "blobs")] : [];
    if (![inside, ...cached].some((root) => file.startsWith(root + sep))) {
      throw usageError(`${path} is a link that leads out of the folder; copy its file there`);
    }
    return file;
  };
  const read: ReadFile = async (path) => {
    const file = await find(path);
    if (file === undefined) return undefined;
    return readBounded(file, path.endsWith(".json") ? jsonLimit : MAX_FILE_BYTES);
  };
  const openFile = async (path: string): Promise<WholeFile | undefined> => {
    const file = await find(path);
    if (file === undefined) return undefined;
    const beside = (location: string) => openFile(join(dirname(path), location));
    // A runtime finds weights beside the link, not beside the file that it leads to.
    return { ...(await fileParts(file)), path: resolve(folder, path), beside };
  };
  return { read, readWeights: read, limit: MAX_FILE_BYTES, open: openFile };
}

/** A file that is read in parts. Between reads it is closed. */
async function fileParts(path: string): Promise<WholeFile> {
  const stats = await stat(path);
  if (!stats.isFile()) throw usageError(`${path} is not a file`);
  return {
    size: stats.size,
    async read(offset, length) {
      const file = await open(path);
      try {
        const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

/**
 * Readers of a folder at a URL, whose files are kept in the user's cache. A file is read as a whole:
 * its bytes are what the cache checks. A large model's bytes then go to ONNX Runtime as they are.
 */
async function urlReaders(url: string, signal?: AbortSignal) {
  const { modelFiles } = await import("@gen/model-files");
  const lines = downloadLines();
  const files = modelFiles({ onWarning: (message) => process.stderr.write(`note: ${message}\n`) });
  const fetchFile = files.folder(url, { signal, onProgress: lines.update });
  const opened = new Map<string, WeakRef<Uint8Array>>();
  const read: ReadFile = async (path) => {
    const bytes = opened.get(path)?.deref() ?? (await fetchFile(path));
    lines.finish(path);
    return bytes;
  };
  const openFile = async (path: string): Promise<WholeFile | undefined> => {
    const bytes = await read(path);
    if (!bytes) return undefined;
    // A small model is read again, as a graph.
    opened.set(path, new WeakRef(bytes));
    const beside = (location: string) => openFile(posix.join(posix.dirname(path), location));
    return { ...fileOf(bytes), beside };
  };
  return { read, readWeights: read, limit: MAX_FILE_BYTES, open: openFile };
}

/** Readers of a folder, or of one at an http or https URL. */
export const readersOf = (folder: string, signal?: AbortSignal) =>
  isOnline(folder) ? urlReaders(folder, signal) : folderReaders(folder);

/** How the files of a model's folder are read. */
interface FolderReading {
  /** Stops a download. */
  readonly signal?: AbortSignal;
  /** The backend's name. Large models stay files where it is one of ONNX Runtime. */
  readonly backend?: string;
}

/**
 * Loads something from a folder, or from one at an http or https URL.
 * @throws GenError `usage` naming a file that is missing, too large, damaged or does not fit; as
 * `modelFiles` does when a download fails.
 */
export async function loadFrom<R>(
  folder: string,
  { signal, backend }: FolderReading,
  load: (read: ReadFile, options: LoadModelOptions) => Promise<R>,
): Promise<R> {
  const { read, ...options } = await readersOf(folder, signal);
  const wholeAbove = backend?.startsWith("onnx") ? undefined : Infinity;
  return load(read, { ...options, wholeAbove }).catch((error: Error) => {
    if (signal?.aborted)
      throw new GenError(
        "interrupted",
        "interrupted; the downloaded bytes are kept, and the same command continues",
      );
    if (error instanceof GenError && exitCode(error) === 1) throw error;
    throw usageError(`--model ${shownFolder(folder)}: ${error.message}`, { cause: error });
  });
}

/** A folder for a message: a URL's query may hold a key, which no line repeats. */
export const shownFolder = (folder: string): string =>
  isOnline(folder) ? folder.replace(/[?#].*/s, "?...") : folder;

/** A pipeline as a folder holds it. */
export interface FolderPipeline extends DiffusionPipeline<SchedulerConfig> {
  /** The scale of guidance of the folder's class in diffusers, where it guides classes. */
  readonly guidance?: number;
}

/**
 * Loads a pipeline and checks that its parts fit. `shape` completes a pipeline that leaves its
 * samples' shape open, `conditions` gives what its denoiser takes beside x and t.
 * @throws GenError as {@link loadFrom}, and what `conditions` throws.
 */
export async function readModelFolder(
  folder: string,
  {
    shape,
    loras,
    conditions = () => ({}),
    ...reading
  }: Pick<LoadPipelineOptions, "shape" | "loras"> &
    FolderReading & {
      readonly conditions?: (pipeline: FolderPipeline) => Readonly<Record<string, Tensor>>;
    } = {},
): Promise<LoadedPipeline> {
  const pipeline = await loadFrom(folder, reading, async (read, options) => {
    const found: FolderPipeline = await loadPipeline(read, { ...options, shape, loras });
    const index = found.classes && (await read("model_index.json"));
    const { _class_name: name } = (index && parseJson<Record<string, unknown>>(index)) || {};
    return /^(ORT)?DiTPipeline$/.test(String(name)) ? { ...found, guidance: DIT_GUIDANCE } : found;
  });
  return prefixErrors(`--model ${shownFolder(folder)}`, () =>
    checkParts(pipeline, conditions(pipeline)),
  );
}

/** DiTPipeline's default (diffusers 0.39). */
const DIT_GUIDANCE = 4;

/**
 * Adds the shape of one sample as it is written, which is the VAE's image if there is a VAE, and the
 * scaling back to the units of the training's file.
 */
function checkParts(pipeline: FolderPipeline, conditions: Readonly<Record<string, Tensor>>) {
  const { denoiser, shape, vae, notes } = pipeline;
  const batch = [1, ...shape];
  const given = Object.entries(conditions).map(
    ([
      name,
      {
        shape: [, ...item],
        dtype,
      },
    ]) => [name, { shape: [1, ...item], dtype }],
  );
  prefixErrors("the denoiser", () =>
    trace(
      ({ x, t, ...condition }: Record<string, Expr>) => ({
        y: denoiser.apply(x, t, given.length > 0 ? condition : undefined),
      }),
      { x: { shape: batch }, t: { shape: [1], dtype: "int64" }, ...Object.fromEntries(given) },
    ),
  );
  if (!vae) return { ...pipeline, item: shape, scaling: scalingOf(notes, shape) };
  const decoder = trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: batch } });
  const [, ...item] = decoder.outputs.x.shape;
  if (!item.every((d) => typeof d === "number") || item.length === 0) {
    const got = `[${item.join(", ")}]`;
    throw usageError(`vae_decoder/model.onnx: an image must have a fixed shape, got ${got}`);
  }
  return { ...pipeline, item, scaling: undefined };
}
