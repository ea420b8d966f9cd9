import { type CsvTable, readCsv } from "./csv.ts";
import { dataError } from "./data-error.ts";
import { arrayDataset, type Dataset } from "./dataset.ts";
import { nodeModule, readBounded } from "./files.ts";
import { readIdx } from "./idx.ts";
import { type ImageFolderOptions, isPicture, readImageFolder } from "./image-folder.ts";
import { MAX_ARRAY_BYTES } from "./limits.ts";
import type { NdArray } from "./nd-array.ts";
import { readNpy } from "./npy.ts";
import { readNpz } from "./npz.ts";

/** Settings of {@link openDataset}. A setting for another kind of file is ignored. */
export interface OpenDatasetOptions extends ImageFolderOptions {
  /** An idx or npy file of labels. @defaultValue the labels beside a file named as MNIST's are */
  readonly labels?: string;
  /**
   * The array of an npz archive that holds the items.
   * @defaultValue the only array that does not hold labels
   */
  readonly key?: string;
  /** Least and greatest value of float images, such as [-1, 1]. @defaultValue none */
  readonly range?: readonly [number, number];
}

/**
 * Opens a dataset by its path: a folder of PNG, JPEG and WebP files or one of them, `.idx`, `-ubyte` (or these with `.gz`),
 * `.npy`, `.npz`, `.csv`, `.tsv` or `.txt`. Node only.
 *
 * The labels are the array `labels` or `y` of an npz archive, and the column `label`, `labels` or
 * `class` of a CSV file with a header.
 *
 * @param path The file, or the folder of images.
 * @param options Labels, range, size of images, limits. Default: what the files say.
 * @throws GenError `invalid-data` when the path is of another kind, and as that kind's reader does.
 */
export async function openDataset(
  path: string,
  options: OpenDatasetOptions = {},
): Promise<Dataset> {
  const { limit = MAX_ARRAY_BYTES } = options;
  const { stat } = nodeModule("node:fs/promises");
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw dataError(path, "no such file or folder");
  if (stats.isDirectory() || isPicture(path)) return readImageFolder(path, options);
  const kind = kindOf(path);
  const bytes = await readBounded(path, limit);
  const shared = { name: path, range: options.range };
  if (kind === "csv") return fromTable(path, readCsv(bytes, { name: path, limit: options.limit }));
  if (kind === "npz") {
    const arrays = readNpz(bytes, { name: path, limit });
    const { items, labels } = chooseArrays(path, arrays, options.key);
    return arrayDataset(items, { ...shared, labels });
  }
  const array = arrayReaders[kind](bytes, { name: path, limit });
  const labelPath = options.labels ?? (await labelsBeside(path));
  const labels = labelPath === undefined ? undefined : await readLabels(labelPath, limit);
  return arrayDataset(array, { ...shared, labels });
}

const arrayReaders = { idx: readIdx, npy: readNpy };

function kindOf(path: string): "idx" | "npy" | "npz" | "csv" {
  if (/[.-](idx|ubyte)(\.gz)?$/i.test(path)) return "idx";
  if (/\.np[yz]$/i.test(path)) return path.slice(-3).toLowerCase() as "npy" | "npz";
  if (/\.(csv|tsv|txt)$/i.test(path)) return "csv";
  throw dataError(
    path,
    "must be a folder of pictures, or end in .idx, -ubyte (or these with .gz), .npy, .npz, .csv, .tsv, .txt, .png, .jpg, .webp",
  );
}

async function labelsBeside(path: string): Promise<string | undefined> {
  const guess = path.replace(/images([.-])idx3([^/\\]*)$/, "labels$1idx1$2");
  if (guess === path) return undefined;
  const { stat } = nodeModule("node:fs/promises");
  return (await stat(guess).catch(() => undefined))?.isFile() ? guess : undefined;
}

async function readLabels(path: string, limit: number): Promise<NdArray> {
  const kind = kindOf(path);
  if (kind !== "idx" && kind !== "npy") {
    throw dataError(path, "labels must be an idx or npy file");
  }
  return arrayReaders[kind](await readBounded(path, limit), { name: path, limit });
}

function chooseArrays(path: string, arrays: Record<string, NdArray>, key?: string) {
  const names = Object.keys(arrays);
  const isLabel = (name: string) => name === "labels" || name === "y";
  const candidates = key === undefined ? names.filter((name) => !isLabel(name)) : [key];
  const [name] = candidates;
  if (candidates.length !== 1 || !names.includes(name)) {
    throw dataError(
      path,
      `key must name one of its arrays (${names.join(", ")}), got ${key ?? "none"}`,
    );
  }
  const labelName = names.find((other) => isLabel(other) && other !== name);
  return { items: arrays[name], labels: labelName === undefined ? undefined : arrays[labelName] };
}

function fromTable(name: string, table: CsvTable): Dataset {
  const [rows, columns] = table.shape;
  const at = table.columns?.findIndex((title) => /^(labels?|class)$/i.test(title)) ?? -1;
  if (at < 0 || columns < 2) return arrayDataset(table, { name });
  const items = table.data.filter((_, i) => i % columns !== at);
  const labels = table.data.filter((_, i) => i % columns === at);
  return arrayDataset(
    { dtype: "float32", shape: [rows, columns - 1], data: items },
    { name, labels: { dtype: "float32", shape: [rows], data: labels } },
  );
}
