import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { type Expr, trace } from "@gen/graph";
import { MAX_FILE_BYTES, type WholeFile } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import {
  type LoadModelOptions,
  type LoadPipelineOptions,
  loadPipeline,
  type ReadFile,
} from "@gen/pipeline";
import type { DiffusionPipeline } from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";
import { exitCode, prefixErrors, usageError } from "./errors.ts";
import { isOnline, readBounded } from "./files.ts";
import { scalingOf } from "./scaling.ts";
import { type Progress, progress } from "./terminal.ts";

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

/** Readers of a folder at a URL, whose files are kept in the user's cache. */
async function urlReaders(url: string, signal?: AbortSignal) {
  const { modelFiles } = await import("@gen/model-files");
  const lines = new Map<string, Progress>();
  const files = modelFiles({ onWarning: (message) => process.stderr.write(`note: ${message}\n`) });
  const fetchFile = files.folder(url, {
    signal,
    onProgress({ path, loaded, total }) {
      // A file from the cache, or one that comes at once, needs no line.
      if (!lines.has(path) && loaded === total) return;
      const line = lines.get(path) ?? progress(`downloading ${path}`);
      lines.set(path, line);
      if (total) line.update(loaded, total);
    },
  });
  const read: ReadFile = async (path) => {
    const bytes = await fetchFile(path);
    lines.get(path)?.finish();
    return bytes;
  };
  return { read, readWeights: read, limit: MAX_FILE_BYTES };
}

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
  const { read, ...options } = isOnline(folder)
    ? await urlReaders(folder, signal)
    : folderReaders(folder);
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

/**
 * Loads a pipeline and checks that its parts fit. `shape` completes a pipeline that leaves its
 * samples' shape open.
 * @throws GenError as {@link loadFrom}, and `usage` for a model that needs a prompt.
 */
export async function readModelFolder(
  folder: string,
  { shape, ...reading }: Pick<LoadPipelineOptions, "shape"> & FolderReading = {},
): Promise<LoadedPipeline> {
  const pipeline = await loadFrom(folder, reading, (read, options) =>
    loadPipeline(read, { ...options, shape }),
  );
  const shown = shownFolder(folder);
  if (Object.hasOwn(pipeline.denoiser.condition ?? {}, "encoder_hidden_states")) {
    throw usageError(`--model ${shown} needs a prompt: gen generate "a red fox" --model ${shown}`);
  }
  return prefixErrors(`--model ${shown}`, () => checkParts(pipeline));
}

/**
 * Adds the shape of one sample as it is written, which is the VAE's image if there is a VAE, and the
 * scaling back to the units of the training's file.
 */
function checkParts(pipeline: DiffusionPipeline<SchedulerConfig>) {
  const { denoiser, shape, vae, notes } = pipeline;
  const batch = [1, ...shape];
  prefixErrors("unet/model.onnx", () =>
    trace(({ x, t }: Record<string, Expr>) => ({ y: denoiser.apply(x, t) }), {
      x: { shape: batch },
      t: { shape: [1], dtype: "int64" },
    }),
  );
  if (!vae) return { ...pipeline, item: shape, scaling: scalingOf(notes, shape) };
  const item: readonly number[] = prefixErrors("vae_decoder/model.onnx", () => {
    const decoder = trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: batch } });
    const [, ...image] = decoder.outputs.x.shape;
    if (image.length > 0 && image.every((d) => typeof d === "number")) return image;
    throw usageError(`an image must have a fixed shape, got [${image.join(", ")}]`);
  });
  return { ...pipeline, item, scaling: undefined };
}
