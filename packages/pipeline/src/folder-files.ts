/*
 * The files of a model's folder, which a caller's functions read or open, and errors that name them.
 */
import { fileOf, MAX_FILE_BYTES, type WholeFile } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { jsonObject } from "./index-file.ts";
import { filePlaces } from "./paths.ts";

/**
 * Opens a file of the folder to be read in parts, or gives undefined where there is none.
 *
 * @param path The path in the folder, with slashes.
 */
export type OpenFile = (path: string) => Promise<WholeFile | WholeFile["blob"]>;

/**
 * Gives the bytes of a file of the folder, or undefined where there is none; several are asked for at
 * once. `open` stands for the option where a backend is given too, as in `textToImage`.
 */
export interface ReadFile {
  /**
   * The bytes of a file, or undefined where there is none.
   *
   * @param path The path in the folder, with slashes.
   */
  (path: string): Promise<Uint8Array | undefined>;
  /** Opens a large file of the folder to be read in parts. @defaultValue files are read whole */
  readonly open?: OpenFile;
}

/**
 * Reads the file at `path`, or gives undefined where there is none.
 *
 * @throws Error naming the file that is larger than allowed.
 */
export async function readWithin(
  read: ReadFile,
  path: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  const found = await read(path);
  if (found && found.length > limit) {
    throw new GenError(
      "invalid-model",
      `${path} has ${found.length} bytes, at most ${limit} are allowed`,
    );
  }
  return found;
}

/** Reads a file other than a model, at `path` or below `onnx/`, where an export beside PyTorch's is. */
export async function readPlaced(
  read: ReadFile,
  path: string,
  limit = MAX_FILE_BYTES,
): Promise<{ readonly place: string; readonly bytes: Uint8Array } | undefined> {
  for (const place of filePlaces(path)) {
    const bytes = await readWithin(read, place, limit);
    if (bytes) return { place, bytes };
  }
  return undefined;
}

/** Reads the JSON object in such a file, or gives undefined where there is none. */
export async function readJson(
  read: ReadFile,
  path: string,
  limit?: number,
): Promise<Record<string, unknown> | undefined> {
  const found = await readPlaced(read, path, limit);
  return found && naming(found.place, () => jsonObject(found.bytes));
}

/** The folder of a path, with its slash. */
export const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);

/** A file of the folder to be read in parts. */
export async function openFile(
  path: string,
  open: OpenFile | undefined,
): Promise<WholeFile | undefined> {
  const found = await fromCaller(async () => open?.(path));
  if (!found) return undefined;
  const { size, bytes, blob, path: place, ...file } = isBlob(found) ? fileOf(found) : found;
  const folder = folderOf(path);
  const opened = new Map<string, ReturnType<OpenFile>>();
  const other = (location: string) =>
    isBlob(found) ? open?.(folder + location) : found.beside?.(location);
  return {
    ...{ size, bytes, blob, path: place, folder },
    read: (offset, length) => fromCaller(() => file.read(offset, length)),
    async beside(location) {
      const opening = opened.get(location) ?? fromCaller(async () => other(location));
      opened.set(location, opening);
      const weights = await opening;
      return isBlob(weights) ? fileOf(weights) : weights;
    },
  };
}

/** The bytes of an opened file of at most `limit` bytes; otherwise those that `read` gives. */
export const bytesOf = (
  file: WholeFile | undefined,
  read: () => Promise<Uint8Array | undefined>,
  limit: number,
): Promise<Uint8Array | undefined> =>
  file && file.size <= limit ? file.read(0, file.size) : fromCaller(read);

/** The most bytes of one read. */
const PART = 2 ** 30;

/** A copy of a whole file. */
export async function copyOf(file: WholeFile): Promise<Uint8Array> {
  const copy = new Uint8Array(file.size);
  for (let at = 0; at < copy.length; at += PART) {
    copy.set(await file.read(at, Math.min(PART, copy.length - at)), at);
  }
  return copy;
}

const isBlob = (found?: WholeFile | WholeFile["blob"]): found is NonNullable<WholeFile["blob"]> =>
  found !== undefined && !("read" in found);

/** What a function of the caller threw, such as the reason of a signal. */
class CallerError extends Error {}

/** Runs a function of the caller inside of {@link naming}, where its error stays as it is. */
export async function fromCaller<R>(f: () => Promise<R>): Promise<R> {
  try {
    return await f();
  } catch (cause) {
    throw new CallerError(undefined, { cause });
  }
}

/** Runs `f`; what it throws names the file, but what {@link fromCaller} runs. */
export async function naming<R>(path: string, f: () => R | Promise<R>): Promise<R> {
  try {
    return await f();
  } catch (cause) {
    if (cause instanceof CallerError) throw cause.cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GenError("invalid-model", `${path}: ${reason}`, { cause });
  }
}
