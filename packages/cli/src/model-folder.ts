import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { type Expr, trace } from "@gen/graph";
import { GenError } from "@gen/math";
import { modelFiles } from "@gen/model-files";
import {
  type LoadModelOptions,
  type LoadPipelineOptions,
  loadPipeline,
  type ReadFile,
} from "@gen/pipeline";
import type { DiffusionPipeline } from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";
import { exitCode, naming, usageError } from "./errors.ts";
import { readBounded } from "./files.ts";
import { type Progress, progress } from "./progress.ts";
import { type Scaling, scalingOf } from "./scaling.ts";

const modelLimit = 2 ** 31;
const jsonLimit = 2 ** 24;

/** A pipeline whose parts are known to fit each other. */
export interface LoadedPipeline extends DiffusionPipeline<SchedulerConfig> {
  /** Shape of one sample as it comes out: the VAE's image where there is a VAE. */
  readonly item: readonly number[];
  /** What takes samples back to the units of the file that was trained on. */
  readonly scaling?: Scaling;
}

/** Readers of a folder's files; those that a model names are only read inside the folder. */
export function folderReaders(folder: string): Required<Omit<LoadModelOptions, "limit">> & {
  readonly read: ReadFile;
  readonly limit: number;
} {
  const read = (path: string) =>
    readBounded(join(folder, path), path.endsWith(".json") ? jsonLimit : modelLimit);
  const readWeights = async (path: string) => {
    const [inside, found] = await Promise.all([
      realpath(folder),
      realpath(join(folder, path)).catch(() => undefined),
    ]);
    if (found === undefined) return undefined;
    if (found.startsWith(inside + sep)) return readBounded(found, modelLimit);
    throw usageError(`the weights in ${path} are a link that leads out of the folder`);
  };
  return { read, readWeights, limit: modelLimit };
}

/** Readers of a folder at a URL, whose files are kept in the user's cache. */
function urlReaders(url: string, signal?: AbortSignal): ReturnType<typeof folderReaders> {
  const shown = new Map<string, Progress>();
  const files = modelFiles({ onWarning: (message) => process.stderr.write(`note: ${message}\n`) });
  const fetched = files.folder(url, {
    signal,
    onProgress({ path, loaded, total }) {
      // What is kept already, or comes at once, is not worth a line.
      if (!shown.has(path) && loaded === total) return;
      const line = shown.get(path) ?? progress(`downloading ${path}`);
      shown.set(path, line);
      if (total) line.update(loaded, total);
    },
  });
  const read = async (path: string) => {
    const bytes = await fetched(path);
    shown.get(path)?.finish();
    return bytes;
  };
  return { read, readWeights: read, limit: modelLimit };
}

/** Where a pipeline is not complete in its files. */
export interface OpenPipelineOptions extends Pick<LoadPipelineOptions, "shape"> {
  /** Stops a download; what came is kept. */
  readonly signal?: AbortSignal;
}

/**
 * Loads a pipeline from a folder, or from one at an http or https URL, and checks that its parts fit.
 * @throws GenError `usage` naming the file that is missing, too large or damaged, or what does not fit;
 * otherwise as `modelFiles` does where a download fails.
 */
export async function readModelFolder(
  folder: string,
  { shape, signal }: OpenPipelineOptions = {},
): Promise<LoadedPipeline> {
  const online = /^https?:/.test(folder);
  const found = online || (await stat(folder).catch(() => undefined))?.isDirectory();
  if (!found) throw usageError(`--model ${folder} must be a folder`);
  const { read, ...options } = online ? urlReaders(folder, signal) : folderReaders(folder);
  const pipeline = await loadPipeline(read, { ...options, shape }).catch((error: Error) => {
    if (signal?.aborted)
      throw new GenError(
        "interrupted",
        "interrupted; what was downloaded is kept, and the same command goes on",
      );
    if (error instanceof GenError && exitCode(error) === 1) throw error;
    throw usageError(`--model ${folder}: ${error.message}`, { cause: error });
  });
  return naming(`--model ${folder}`, () => checked(pipeline));
}

function checked(pipeline: DiffusionPipeline<SchedulerConfig>): LoadedPipeline {
  const { denoiser, shape, vae, notes } = pipeline;
  const one = [1, ...shape];
  naming("unet/model.onnx", () =>
    trace(({ x, t }: Record<string, Expr>) => ({ y: denoiser.apply(x, t) }), {
      x: { shape: one },
      t: { shape: [1], dtype: "int64" },
    }),
  );
  if (!vae) return { ...pipeline, item: shape, scaling: scalingOf(notes, shape) };
  const item = naming("vae_decoder/model.onnx", () => {
    const decoder = trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: one } });
    const [, ...image] = decoder.outputs.x.shape;
    if (image.length > 0 && image.every((d) => typeof d === "number")) return image;
    throw usageError(`an image must have a fixed shape, got [${image.join(", ")}]`);
  });
  return { ...pipeline, item };
}
