/*
 * What `gen export` reads: the models of a folder or one ONNX file, the small files beside them, and
 * the weights of a training.
 */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { OnnxModel } from "@gen/graph/onnx";
import { type Weights, withWeights } from "@gen/nn";
import { describeFolder, loadModel, partSizes } from "@gen/pipeline";
import { errorLine, usageError } from "../errors.ts";
import { isOnline } from "../files.ts";
import { folderReaders, readersOf, shownFolder } from "../model-folder.ts";
import { type Checkpoint, readCheckpoint, savedWeights } from "../training-folder.ts";

/** A model of a folder, which is read when it is needed. */
export interface SourceModel {
  /** The part's name, such as "unet"; empty for a file. */
  readonly part: string;
  /** Where the exported folder has it. */
  readonly path: string;
  /** Sizes that the part's dimensions have in its pipeline. */
  readonly sizeOf?: ReturnType<typeof partSizes>;
  load(): Promise<OnnxModel>;
}

/** What is exported. */
export interface Source {
  /** The path, for messages. */
  readonly name: string;
  readonly isFolder: boolean;
  readonly models: readonly SourceModel[];
  /** Paths of the files that an exported folder keeps as they are. */
  readonly files: readonly string[];
  read(path: string): Promise<Uint8Array | undefined>;
  /** The training that the folder holds. */
  readonly training?: Checkpoint & { readonly saved: NonNullable<Checkpoint["saved"]> };
}

/** Opens a folder or a file. @throws GenError `usage` when it holds no model. */
export async function openSource(path: string, signal: AbortSignal): Promise<Source> {
  const name = shownFolder(path);
  if (isOnline(path)) return openFolder(path, name, signal);
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw usageError(`${name}: no such file or folder`);
  if (stats.isDirectory()) return openFolder(path, name, signal);
  const { read, limit } = folderReaders(dirname(path));
  const file = basename(path);
  const load = async () => loadOne(read, file, limit, name);
  return { name, isFolder: false, models: [{ part: "", path: file, load }], files: [], read };
}

async function openFolder(path: string, name: string, signal: AbortSignal): Promise<Source> {
  const { read, limit } = await readersOf(path, signal);
  const checkpoint = isOnline(path) ? undefined : await readCheckpoint(path);
  if (checkpoint && !checkpoint.saved) throw usageError(`${name} holds no saved step yet`);
  const training = checkpoint as Source["training"];
  const has = async (file: string) =>
    (await stat(join(path, file)).catch(() => undefined))?.isFile() ?? false;
  const folder = await describeFolder(read, isOnline(path) ? undefined : has).catch(
    (error: unknown) => {
      // A conditional VAE has no ONNX files.
      if (training) return undefined;
      throw usageError(`${name}: ${errorLine(error)}`, { cause: error });
    },
  );
  const parts = folder?.parts ?? [];
  return {
    name,
    isFolder: true,
    models: parts.map(({ name: part, model }) => ({
      part,
      path: `${part}/model.onnx`,
      sizeOf: folder && partSizes(folder, part),
      load: () => loadOne(read, model, limit, name),
    })),
    files: [
      "model_index.json",
      "scheduler/scheduler_config.json",
      ...parts.map(({ name }) => `${name}/config.json`),
      ...(folder?.tokenizers ?? []).flatMap(({ files }) => files),
    ],
    read,
    ...(training && { training }),
  };
}

async function loadOne(
  read: Source["read"],
  path: string,
  limit: number,
  name: string,
): Promise<OnnxModel> {
  const model = await loadModel(read, path, { limit }).catch((error: unknown) => {
    throw usageError(`${name}: ${errorLine(error)}`, { cause: error });
  });
  if (model) return model;
  throw usageError(`${name}: ${path} is missing`);
}

/** A name of a weight in a folder of several models, such as `unet.conv_in.weight`. */
const inPart = ({ models }: Source, { part }: SourceModel, name: string): string =>
  models.length > 1 ? `${part}.${name}` : name;

/** The weights by name: those of the training, or those of all models. */
export async function sourceWeights(source: Source): Promise<Weights> {
  if (source.training) return savedWeights(source.training.saved.state);
  const all: [string, Weights[string]][] = [];
  for (const one of source.models) {
    const { parameters } = await one.load();
    for (const { name, value } of parameters)
      all.push([inPart(source, one, name), value as Weights[string]]);
  }
  if (all.length > 0) return Object.fromEntries(all);
  throw usageError(`${source.name} holds no weights of floats`);
}

/** The parts that a training has trained; a latent model's VAE is not one of them. */
const isTrained = ({ training }: Source, { part }: SourceModel): boolean =>
  training?.record.kind !== "ddpm" || part === "unet";

/** A model of the source with the weights of {@link sourceWeights} replaced. */
export function replaceWeights(
  source: Source,
  one: SourceModel,
  model: OnnxModel,
  weights: Weights,
): OnnxModel {
  if (!isTrained(source, one)) return model;
  const { training } = source;
  const own = model.parameters.flatMap(({ name }): [string, Weights[string]][] => {
    const found = weights[training ? name : inPart(source, one, name)];
    return found ? [[name, found]] : [];
  });
  const { parameters, apply } = model;
  return { ...model, ...withWeights({ parameters, apply }, Object.fromEntries(own)) };
}
