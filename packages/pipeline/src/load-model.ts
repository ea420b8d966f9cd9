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
import {
  bytesOf,
  copyOf,
  folderOf,
  fromCaller,
  naming,
  type OpenFile,
  openFile,
  type ReadFile,
  readWithin,
} from "./folder-files.ts";
import { modelPlaces } from "./paths.ts";

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
   * Opens a file of the folder to be read in parts. With it, a model of more than `wholeAbove` bytes, or
   * with quantized weights, goes to ONNX Runtime as it is, and `limit` is not for it: no other backend
   * runs such a model, and it is not trained. Weights beside a `Blob` are opened likewise.
   * @defaultValue files are read whole
   */
  readonly open?: OpenFile;
  /** Bytes of a model's files; Infinity reads every model. @defaultValue 128 MiB */
  readonly wholeAbove?: number;
  /**
   * What changes models before they are used, by their paths, such as LoRAs that are merged. It gets
   * copies of a model's file and of the files beside it, which it may overwrite, and gives the model.
   * @defaultValue none
   */
  readonly changes?: ReadonlyMap<string, ModelChange>;
}

/**
 * Changes a model before it is used, and gives its bytes.
 *
 * @param model The bytes of the model's file.
 * @param beside The bytes of the files beside it, by location.
 */
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
 * Loads one model of a folder together with the files beside it that hold its weights; undefined
 * where there is none. Where there is no `PART/model.onnx`, the other names that exporters give to a
 * part's model count (`onnx/model.onnx`, `model_fp16.onnx`, `model_quantized.onnx`, ...). With
 * `onMissingWeights`, also where its weights are missing.
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param path The model's path in the folder, such as "unet/model.onnx".
 * @param options Limits, and how large files are read. Default: 2 GiB, all in memory.
 * @param onMissingWeights Called with the path of the weights that are missing, in place of the
 * error.
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
  const missing: string[] = [];
  try {
    const change = options.changes?.get(path);
    for (const place of modelPlaces(path)) {
      const model = await naming(place, () =>
        readModel(place, { read, ...options, change }, missing),
      );
      if (model) return { ...model, apply: named(place, model.apply) };
    }
    return undefined;
  } catch (error) {
    if (missing.length === 0 || !onMissingWeights) throw error;
    onMissingWeights(missing[0]);
    return undefined;
  }
}

/** A model's `apply` whose errors, such as that for inputs of another shape, name its file. */
const named =
  (path: string, apply: OnnxModel["apply"]): OnnxModel["apply"] =>
  (inputs) => {
    try {
      return apply(inputs);
    } catch (cause) {
      if (!(cause instanceof GenError)) throw cause;
      throw new GenError(cause.code, `${path}: ${cause.message}`, { cause });
    }
  };

/**
 * A model of a folder. The files of weights that are missing are added to `missing` before the error
 * that names them.
 */
async function readModel(
  path: string,
  options: LoadModelOptions & { readonly read: ReadFile; readonly change?: ModelChange },
  missing: string[],
): Promise<OnnxModel | undefined> {
  const { limit = MAX_FILE_BYTES, wholeAbove = WHOLE_ABOVE, read, readWeights = read } = options;
  const { change } = options;
  const file = wholeAbove < Infinity ? await openFile(path, options.open) : undefined;
  const changed = async (model: OnnxModel, file: WholeFile): Promise<OnnxModel> =>
    change ? wholeModel(await changedFile(file, change)) : model;
  if (file && file.size > wholeAbove) return changed(await keptModel(file, missing), file);
  const bytes = await bytesOf(file, () => readWithin(read, path, limit), limit);
  if (!bytes) return undefined;
  const inside = modelInside(bytes, limit);
  const opened = file && { ...file, ...fileOf(bytes), beside: file.beside };
  if (opened && inside.model?.quantized) return changed(await wholeModel(opened), opened);
  if (inside.model && !change) return inside.model;
  const locations = new Set<string>();
  for (const { location } of readModelLayout(bytes).weights.values()) {
    if (location !== undefined) locations.add(location);
  }
  if (locations.size === 0 && !inside.model) throw inside.error;
  const beside = new Map<string, WholeFile | undefined>();
  for (const location of locations) beside.set(location, await file?.beside?.(location));
  if (opened && locations.size > 0 && [...beside.values()].every((other) => other)) {
    const model = await wholeModel(opened);
    if (model.bytes > wholeAbove || model.quantized) return changed(model, opened);
  }
  const files = new Map<string, Uint8Array>();
  for (const [location, other] of beside) {
    const at = folderOf(path) + location;
    const found = await bytesOf(other, () => readWithin(readWeights, at, limit), limit);
    if (!found) {
      missing.push(at);
      throw new GenError("invalid-model", `its weights in ${at} are missing`);
    }
    files.set(location, change ? new Uint8Array(found) : found);
  }
  let total = 0;
  return fromOnnx(change ? change(new Uint8Array(bytes), files) : bytes, {
    limit,
    externalData(location, offset, length) {
      const [found, end] = [files.get(location) as Uint8Array, offset + length];
      if (found.length < end) {
        throw new GenError(
          "invalid-model",
          `its weights in ${folderOf(path) + location} need ${end} bytes, got ${found.length}`,
        );
      }
      total += length;
      if (total <= limit) return found.subarray(offset, end);
      throw new ArgumentError(`the weights outside the model have more than ${limit} bytes`);
    },
  });
}

/** A model without weights in other files; for others the error. */
function modelInside(bytes: Uint8Array, limit: number): { model?: OnnxModel; error?: unknown } {
  try {
    return { model: fromOnnx(bytes, { limit }) };
  } catch (error) {
    return { error };
  }
}

/** A model that goes to the runtime as it is; weights that are missing are added to `missing`. */
const keptModel = (file: WholeFile, missing: string[]): Promise<OnnxModel> =>
  wholeModel({
    ...file,
    async beside(location) {
      const found = await file.beside?.(location);
      if (!found) missing.push((file.folder ?? "") + location);
      return found;
    },
  });

/** The layout of a model of the folder, whose bytes are dropped; undefined where there is none. */
export async function modelLayout(
  read: ReadFile,
  path: string,
  options: LoadModelOptions,
): Promise<ReturnType<typeof readModelLayout> | undefined> {
  const { limit = MAX_FILE_BYTES } = options;
  for (const place of modelPlaces(path)) {
    const layout = await naming(place, async () => {
      const file = await openFile(place, options.open);
      const bytes = file
        ? await copyOf(file)
        : await fromCaller(() => readWithin(read, place, limit));
      return bytes && readModelLayout(bytes);
    });
    if (layout) return layout;
  }
  return undefined;
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
