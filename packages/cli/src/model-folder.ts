import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { type Expr, trace } from "@gen/graph";
import {
  type LoadModelOptions,
  type LoadPipelineOptions,
  loadPipeline,
  type Pipeline,
  type ReadFile,
} from "@gen/sampling";
import { naming, UsageError } from "./errors.ts";
import { readBounded } from "./files.ts";
import { type Scaling, scalingOf } from "./scaling.ts";

const modelLimit = 2 ** 31;
const jsonLimit = 2 ** 24;

/** A pipeline whose parts are known to fit each other. */
export interface LoadedPipeline extends Pipeline {
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
    throw new UsageError(`the weights in ${path} are a link that leads out of the folder`);
  };
  return { read, readWeights, limit: modelLimit };
}

/**
 * Loads a pipeline folder and checks that its parts fit.
 * @param shape what the denoiser's file leaves open of a sample's shape
 * @throws UsageError naming the file that is missing, too large or damaged, or what does not fit.
 */
export async function readModelFolder(
  folder: string,
  shape?: LoadPipelineOptions["shape"],
): Promise<LoadedPipeline> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new UsageError(`--model ${folder} must be a folder`);
  const { read, ...options } = folderReaders(folder);
  const pipeline = await loadPipeline(read, { ...options, shape }).catch((error: Error) => {
    throw new UsageError(`--model ${folder}: ${error.message}`, { cause: error });
  });
  return naming(`--model ${folder}`, () => checked(pipeline));
}

function checked(pipeline: Pipeline): LoadedPipeline {
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
    throw new UsageError(`an image must have a fixed shape, got [${image.join(", ")}]`);
  });
  return { ...pipeline, item };
}
