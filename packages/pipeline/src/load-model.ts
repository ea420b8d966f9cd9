import {
  fileOf,
  fromOnnx,
  MAX_FILE_BYTES,
  type OnnxModel,
  readModelLayout,
  type WholeFile,
  wholeModel,
} from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { jsonObject } from "./index-file.ts";

/** Gives the bytes of a file of the folder, or undefined where there is none; several are asked for at once. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>;

/** How a model of a folder is read. */
export interface LoadModelOptions {
  /** The largest file, and the most bytes of weights outside the model. @defaultValue 2 GiB */
  readonly limit?: number;
  /**
   * Reads the files outside the model that hold its weights. Their paths are the model's own words:
   * below its folder, but perhaps a link that leads elsewhere.
   * @defaultValue `read`
   */
  readonly readWeights?: ReadFile;
  /**
   * Opens a model of the folder to be read in parts; undefined where there is none. With it, a model
   * of more than `wholeAbove` bytes goes to ONNX Runtime as it is, and `limit` is not for it: no other
   * backend runs such a model, and it is not trained.
   */
  readonly open?: (path: string) => Promise<WholeFile | undefined>;
  /** Bytes of a model's files; Infinity reads every model. @defaultValue 128 MiB */
  readonly wholeAbove?: number;
  /**
   * What changes models before they are used, by their paths, such as LoRAs that are merged. It gets
   * copies of a model's file and of the files beside it, which it may overwrite, and gives the model.
   * @defaultValue none
   */
  readonly changes?: ReadonlyMap<string, ModelChange>;
}

type ModelChange = (model: Uint8Array, beside: ReadonlyMap<string, Uint8Array>) => Uint8Array;

const WHOLE_ABOVE = 2 ** 27;

/** What the options of a model's reading may be. */
export const loadRules = {
  limit: rules.optional(rules.POSITIVE),
  readWeights: rules.optional(rules.FUNCTION),
  open: rules.optional(rules.FUNCTION),
  wholeAbove: rules.optional(["0 or more", (value) => Number(value) >= 0]),
  changes: rules.optional(["a Map of functions by path", (value) => value instanceof Map]),
};

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

/** Reads the JSON object in the file at `path`, or gives undefined where there is none. */
export async function readJson(
  read: ReadFile,
  path: string,
  limit = MAX_FILE_BYTES,
): Promise<Record<string, unknown> | undefined> {
  const found = await readWithin(read, path, limit);
  return found && naming(path, () => jsonObject(found));
}

/**
 * Loads one model of a folder together with the files beside it that hold its weights; undefined
 * where there is none. With `onMissingWeights`, also where its weights are missing.
 *
 * @throws Error naming the file that is too large, too short or damaged, or whose weights are missing.
 */
export async function loadModel(
  read: ReadFile,
  path: string,
  options: LoadModelOptions = {},
  onMissingWeights?: (file: string) => void,
): Promise<OnnxModel | undefined> {
  checkArguments({ read, path }, { read: rules.FUNCTION, path: rules.TEXT });
  checkOptions(options, loadRules);
  const { limit = MAX_FILE_BYTES, readWeights = read } = options;
  const change = options.changes?.get(path);
  const whole = await naming(path, () => openWhole(path, options, onMissingWeights));
  if (whole) return whole === "missing" ? undefined : whole;
  const bytes = await readWithin(read, path, limit);
  if (!bytes) return undefined;
  return naming(path, async () => {
    // Which files the weights are in shows only in reading, and reading cannot wait for a file.
    const { model, needed } = tried(bytes, limit);
    if (needed.size === 0 && !change) return model;
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const files = new Map<string, Uint8Array>();
    for (const [location, length] of needed) {
      const found = await readWithin(readWeights, folder + location, limit);
      if (!found && onMissingWeights) {
        onMissingWeights(folder + location);
        return undefined;
      }
      if (!found)
        throw new GenError("invalid-model", `its weights in ${folder + location} are missing`);
      if (found.length < length) {
        throw new GenError(
          "invalid-model",
          `its weights in ${folder + location} need ${length} bytes, got ${found.length}`,
        );
      }
      files.set(location, change ? new Uint8Array(found) : found);
    }
    return fromOnnx(change ? change(new Uint8Array(bytes), files) : bytes, {
      limit,
      externalData: (location, offset, length) =>
        (files.get(location) as Uint8Array).subarray(offset, offset + length),
    });
  });
}

/** A model that is larger than `wholeAbove`; undefined for others. */
async function openWhole(
  path: string,
  { open, wholeAbove = WHOLE_ABOVE, changes }: LoadModelOptions,
  onMissingWeights?: (file: string) => void,
): Promise<OnnxModel | "missing" | undefined> {
  const file = wholeAbove < Infinity ? await open?.(path) : undefined;
  if (!file) return undefined;
  const missing: string[] = [];
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const beside = async (location: string) => {
    const found = await file.beside?.(location);
    if (!found) missing.push(folder + location);
    return found;
  };
  try {
    const { size, bytes, path: place } = file;
    const read = (offset: number, length: number) => file.read(offset, length);
    const model = await wholeModel({ size, bytes, path: place, read, beside, folder });
    if (model.bytes <= wholeAbove) return undefined;
    const change = changes?.get(path);
    return change ? await wholeModel(await changedFile(file, change)) : model;
  } catch (error) {
    if (missing.length === 0 || !onMissingWeights) throw error;
    onMissingWeights(missing[0]);
    return "missing";
  }
}

/** The layout of a model of the folder, whose bytes are dropped; undefined where there is none. */
export async function modelLayout(
  read: ReadFile,
  path: string,
  { open, limit = MAX_FILE_BYTES }: LoadModelOptions,
): Promise<ReturnType<typeof readModelLayout> | undefined> {
  const file = await open?.(path);
  const bytes = file ? await copyOf(file) : await readWithin(read, path, limit);
  return bytes && naming(path, () => readModelLayout(bytes));
}

/** A file in memory after a change, with the files beside it. */
async function changedFile(file: WholeFile, change: ModelChange): Promise<WholeFile> {
  const bytes = await copyOf(file);
  const beside = new Map<string, Uint8Array>();
  for (const { location } of readModelLayout(bytes).weights.values()) {
    const found =
      location !== undefined && !beside.has(location) && (await file.beside?.(location));
    if (found) beside.set(location as string, await copyOf(found));
  }
  return fileOf(change(bytes, beside), Object.fromEntries(beside));
}

/** The most bytes of one read. */
const PART = 2 ** 30;

async function copyOf(file: WholeFile): Promise<Uint8Array> {
  const copy = new Uint8Array(file.size);
  for (let at = 0; at < copy.length; at += PART) {
    copy.set(await file.read(at, Math.min(PART, copy.length - at)), at);
  }
  return copy;
}

/** The model with zeros for what lies outside it, and how long each file outside must be. */
function tried(bytes: Uint8Array, limit: number) {
  const needed = new Map<string, number>();
  let total = 0;
  const model = fromOnnx(bytes, {
    limit,
    externalData(location, offset, length) {
      needed.set(location, Math.max(needed.get(location) ?? 0, offset + length));
      total += length;
      if (total <= limit) return new Uint8Array(length);
      throw new ArgumentError(`the weights outside the model have more than ${limit} bytes`);
    },
  });
  return { model, needed };
}

/** Runs `f`; what it throws names the file. */
export async function naming<R>(path: string, f: () => R | Promise<R>): Promise<R> {
  try {
    return await f();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GenError("invalid-model", `${path}: ${reason}`, { cause });
  }
}
