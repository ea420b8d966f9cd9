import {
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
}

const WHOLE_ABOVE = 2 ** 27;

/** What the options of a model's reading may be. */
export const loadRules = {
  limit: rules.optional(rules.POSITIVE),
  readWeights: rules.optional(rules.FUNCTION),
  open: rules.optional(rules.FUNCTION),
  wholeAbove: rules.optional(["0 or more", (value) => Number(value) >= 0]),
};

/**
 * Reads the file at `path`, or gives undefined where there is none.
 *
 * @throws Error naming the file that is larger than allowed.
 */
export async function readWithin(
  read: ReadFile,
  path: string,
  limit = MAX_FILE_BYTES,
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
  const { limit, open, wholeAbove = WHOLE_ABOVE } = options;
  const missing: string[] = [];
  try {
    const file = await naming(path, async () => (wholeAbove < Infinity ? open?.(path) : undefined));
    const isWhole = file !== undefined && file.size > wholeAbove;
    const bytes = isWhole ? undefined : await readWithin(read, path, limit);
    if (!isWhole && !bytes) return undefined;
    return await naming(path, () =>
      readModel({ file, bytes }, path, { read, ...options }, missing),
    );
  } catch (error) {
    if (missing.length === 0 || !onMissingWeights) throw error;
    onMissingWeights(missing[0]);
    return undefined;
  }
}

/**
 * The model of a file, or of its bytes. The files of weights that are missing are added to `missing`
 * before the error that names them.
 */
async function readModel(
  { file, bytes }: { readonly file?: WholeFile; readonly bytes?: Uint8Array },
  path: string,
  options: LoadModelOptions & { readonly read: ReadFile },
  missing: string[],
): Promise<OnnxModel> {
  const { limit = MAX_FILE_BYTES, wholeAbove = WHOLE_ABOVE, read, readWeights = read } = options;
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const openWhole = ({ size, bytes, path: place, read, beside }: WholeFile) =>
    wholeModel({
      ...{ size, bytes, path: place, folder },
      read,
      async beside(location) {
        const found = await beside?.(location);
        if (!found) missing.push(folder + location);
        return found;
      },
    });
  if (!bytes) return openWhole(file as WholeFile);
  const inside = modelInside(bytes, limit);
  if (inside.model) return inside.model;
  const locations = new Set<string>();
  for (const { location } of readModelLayout(bytes).weights.values()) {
    if (location !== undefined) locations.add(location);
  }
  if (locations.size === 0) throw inside.error;
  const sizes = [...locations].map(async (each) => (await file?.beside?.(each))?.size ?? 0);
  const size = (await Promise.all(sizes)).reduce((a, b) => a + b, bytes.length);
  if (file && size > wholeAbove) {
    const inMemory = async (at: number, length: number) => bytes.subarray(at, at + length);
    return openWhole({ ...file, size: bytes.length, read: inMemory });
  }
  const files = new Map<string, Uint8Array>();
  for (const location of locations) {
    const found = await readWithin(readWeights, folder + location, limit);
    if (!found) {
      missing.push(folder + location);
      throw new GenError("invalid-model", `its weights in ${folder + location} are missing`);
    }
    files.set(location, found);
  }
  let total = 0;
  return fromOnnx(bytes, {
    limit,
    externalData(location, offset, length) {
      const [found, end] = [files.get(location) as Uint8Array, offset + length];
      if (found.length < end) {
        throw new GenError(
          "invalid-model",
          `its weights in ${folder + location} need ${end} bytes, got ${found.length}`,
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

/** Runs `f`; what it throws names the file. */
export async function naming<R>(path: string, f: () => R | Promise<R>): Promise<R> {
  try {
    return await f();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GenError("invalid-model", `${path}: ${reason}`, { cause });
  }
}
