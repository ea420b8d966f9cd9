/*
 * The files that the options of a job name. A worker has them at other paths than the machine that
 * submitted the job.
 */
import { usageError } from "./errors.ts";
import { isFeaturesPath } from "./evaluation/features.ts";
import { dataNames } from "./names.ts";
import type { PictureSettings } from "./picture-flags.ts";
import type { SampleCommandOptions } from "./runs/sample.ts";

/** Gives the path of a file or folder at this machine. */
export type PathMap = (path: string) => string;

const mapValues = (all: Readonly<Record<string, string>> | undefined, at: PathMap) =>
  all && Object.fromEntries(Object.entries(all).map(([name, path]) => [name, at(path)]));

const mapFile = <F extends { readonly path: string }>(file: F | undefined, at: PathMap) =>
  file && { ...file, path: at(file.path) };

const mapFiles = <F extends { readonly path: string }>(
  files: readonly F[] | undefined,
  at: PathMap,
) => files?.map((file) => ({ ...file, path: at(file.path) }));

const mapPath = (path: string | undefined, at: PathMap) =>
  path === undefined ? undefined : at(path);

/** The options of `gen sample` with other paths. */
export const withSamplePaths = <O extends Partial<SampleCommandOptions>>(
  options: O,
  at: PathMap,
): O => ({
  ...options,
  model: mapPath(options.model, at),
  init: mapPath(options.init, at),
  classifier: mapPath(options.classifier, at),
  condition: mapValues(options.condition, at),
  unconditional: mapValues(options.unconditional, at),
  lora: mapFiles(options.lora, at),
});

/** The settings of `gen generate` with other paths. */
export const withPicturePaths = <S extends PictureSettings>(settings: S, at: PathMap): S => ({
  ...settings,
  model: mapPath(settings.model, at),
  decoder: mapPath(settings.decoder, at),
  image: mapFile(settings.image, at),
  mask: mapFile(settings.mask, at),
  loras: mapFiles(settings.loras, at),
  embeddings: mapFiles(settings.embeddings, at),
  controls: mapFiles(settings.controls, at)?.map((control) => ({
    ...control,
    net: at(control.net),
  })),
});

/** What `gen evaluate`, `gen encode` and `gen decode` read. */
interface DataPaths {
  readonly model?: string;
  readonly data?: string;
  readonly labels?: string;
  readonly features?: string;
  readonly latents?: string;
}

/** The options of a verb on data with other paths. Names of data and of classifiers are no paths. */
export const withDataPaths = <O extends DataPaths>(options: O, at: PathMap): O => {
  const { model, data, labels, features, latents } = options;
  return {
    ...options,
    model: mapPath(model, at),
    data: data !== undefined && dataNames.includes(data) ? data : mapPath(data, at),
    labels: mapPath(labels, at),
    features: features !== undefined && isFeaturesPath(features) ? at(features) : features,
    latents: mapPath(latents, at),
  };
};

/** All paths that a mapping of paths meets. */
export function pathsIn(map: (at: PathMap) => unknown): string[] {
  const found = new Set<string>();
  map((path) => {
    found.add(path);
    return path;
  });
  return [...found];
}

/** Where a job's files are at a worker. A job reads no file that it did not bring. */
export const pathAt =
  (at: ReadonlyMap<string, string>): PathMap =>
  (path) => {
    const here = at.get(path);
    if (here === undefined) throw usageError(`the job names a file that it did not bring: ${path}`);
    return here;
  };
