/*
 * What `gen train ddpm --from DIR` begins with: the network of a trained folder or of a pipeline in
 * diffusers' layout, and its scheduler, classes and VAE. The folder is read, never written.
 */
import { stat } from "node:fs/promises";
import { isFloat, type Parameter } from "@gen/graph";
import { loraAdapters } from "@gen/pipeline";
import type { Denoiser } from "@gen/sampling";
import type { DiffusionBase } from "./diffusion-job.ts";
import { errorLine, prefixErrors, usageError } from "./errors.ts";
import { isOnline } from "./files.ts";
import { folderReaders, readModelFolder } from "./model-folder.ts";
import { hashOf } from "./training-record.ts";

/** A folder that is trained further. */
export interface Base extends DiffusionBase {
  readonly shape: readonly number[];
  readonly vae: Awaited<ReturnType<typeof readModelFolder>>["vae"];
  /** The SHA-256 of the network's file, which a training that is continued must find again. */
  readonly sha256: string;
}

/** Names of weights, in PyTorch's modules and as its exporters rename them. */
const WEIGHT = /(^|\.)(weight|bias|gamma|beta)$|^onnx::(MatMul|Gemm|Conv|Add|Mul)_\d+$/;

/**
 * Opens the folder of --from. With `rank`, low-rank changes of its matrices and convolutions are
 * trained in place of its weights.
 * @throws GenError `usage` when there is no network that can be trained, and as `readModelFolder`.
 */
export async function openBase(
  folder: string,
  { rank, seed }: { readonly rank?: number; readonly seed: number },
): Promise<Base> {
  const isFolder = !isOnline(folder) && (await stat(folder).catch(() => undefined))?.isDirectory();
  if (!isFolder) throw usageError(`--from ${folder} must be a folder on this machine`);
  const pipeline = await readModelFolder(folder).catch((error: unknown) => {
    throw usageError(`--from ${folder}: ${errorLine(error)}`, { cause: error });
  });
  const { denoiser: whole, scheduler, classes, vae, shape } = pipeline;
  const where = `--from ${folder}`;
  const unknown = Object.entries(whole.condition ?? {}).find(
    ([, { shape, dtype = "float32" }]) => shape.length !== 1 || isFloat(dtype),
  );
  if (unknown)
    throw usageError(`${where} must take no condition but a class, it takes ${unknown[0]}`);
  const parameters = whole.parameters.filter(({ name }) => WEIGHT.test(name));
  if (parameters.length === 0) throw usageError(`${where} holds no weights that can be trained`);
  const half = parameters.find(({ dtype }) => dtype !== "float32");
  if (half)
    throw usageError(`${where} must have weights of float32, ${half.name} is ${half.dtype}`);
  const denoiser = { ...whole, parameters };
  const { read } = folderReaders(folder);
  const file = (await read("unet/model.onnx")) ?? (await read("transformer/model.onnx"));
  return {
    ...{ denoiser, scheduler, classes, vae, shape },
    sha256: hashOf(file ?? new Uint8Array()),
    ...(rank !== undefined && {
      lora: prefixErrors(`--lora ${rank}`, () => adaptersOf(denoiser, rank, seed)),
    }),
  };
}

/** Changes of the weights whose names are PyTorch's; tables of classes are left alone. */
function adaptersOf(denoiser: Denoiser, rank: number, seed: number) {
  const targets = ({ name, shape }: Parameter) =>
    name.endsWith(".weight") && shape.length >= 2 && !/(^|\.)classes\.weight$/.test(name);
  return loraAdapters(denoiser, { rank, targets, seed });
}
